"""The native host as a real process with real pipes: nothing but frames on standard output."""

from __future__ import annotations

import base64
import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from cardreader.agent.messages import frame
from tests.unit.agent.fake_card import PIN
from tests.unit.agent.test_loopback_api import NONCE
from tests.world import holders, tokens

if TYPE_CHECKING:
    from cardreader.sim.image import AppletName

ROOT = Path(__file__).parents[3]
ORIGIN = "https://login.example.be"
ASK = {"command": "authenticate", "arguments": {"challengeNonce": NONCE, "origin": ORIGIN}}


def converse(data: bytes, *, prompt: str = "browser", pin: str = PIN) -> tuple[list[dict], str]:
    citizen = f"{sys.executable} -m tests.unit.agent.citizen_program {pin} %s"
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.agent.native_program", prompt],
        input=data,
        capture_output=True,
        cwd=ROOT,
        env=os.environ | {"BROWSER": citizen, "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=True,
        start_new_session=True,  # no controlling terminal: /dev/tty cannot be opened
    )
    out, replies = done.stdout, []
    while out:
        (length,) = struct.unpack("=I", out[:4])
        replies.append(json.loads(out[4 : 4 + length]))
        out = out[4 + length :]
    return replies, done.stderr.decode()


def test_a_token_comes_out_and_the_browsers_noise_does_not() -> None:
    (hello, token), errors = converse(frame(ASK))
    assert set(hello) == {"version"}
    assert token["format"] == "web-eid:1.0"
    assert "noise" in errors
    assert PIN not in errors + json.dumps(token)


def test_quit_ends_the_host() -> None:
    (_, reply), _ = converse(frame({"command": "quit", "arguments": {}}))
    assert reply == {}


def test_only_one_command_is_answered() -> None:
    quit_ = frame({"command": "quit", "arguments": {}})
    replies, _ = converse(quit_ + quit_)
    assert len(replies) == 2


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("=I", 9000) + b"x" * 9000,
        struct.pack("=I", 4) + b"null",
        struct.pack("=I", 100) + b"short",
        struct.pack("=I", 5) + b"\xff\xff\xff\xff\xff",
        frame({"command": "authenticate", "arguments": {"origin": ORIGIN}}),
    ],
)
def test_what_is_no_command_gets_the_fatal_error_and_no_traceback(data: bytes) -> None:
    (_, reply), errors = converse(data)
    assert reply["error"]["code"] == "ERR_WEBEID_NATIVE_FATAL"
    assert "Traceback" not in errors


def test_without_a_terminal_the_terminal_prompt_is_a_protocol_error() -> None:
    (_, reply), errors = converse(frame(ASK), prompt="terminal")
    assert reply["error"]["code"] == "ERR_WEBEID_NATIVE_FATAL"
    assert "Traceback" not in errors


SESAME = [sys.executable, "-P", "-m", "idp", "agent", "native"]


def command(folder: Path, name: str, **arguments: str) -> dict[str, Any]:
    """One process of the command that browsers start, a software card in its reader."""
    citizen = f"{sys.executable} -m tests.unit.agent.citizen_program {holders.PIN} %s"
    done = subprocess.run(
        [*SESAME, "--cards", folder, "--insert", "nora", "chrome-extension://any/"],
        input=frame({"command": name, "arguments": {"origin": ORIGIN, **arguments}}),
        capture_output=True,
        cwd=ROOT,
        env=os.environ | {"BROWSER": citizen, "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=True,
        start_new_session=True,
    )
    (first,) = struct.unpack("=I", done.stdout[:4])
    body = done.stdout[4 + first :]
    (length,) = struct.unpack("=I", body[:4])
    assert len(body) == 4 + length <= 4 + 8192
    return json.loads(body[4:])


@pytest.mark.parametrize("applet", ["1.7", "1.8"])
def test_a_document_is_signed_by_two_processes_as_the_extension_starts_them(
    tmp_path: Path, applet: AppletName
) -> None:
    holders.soft_card(applet).save(tmp_path / "nora.json")
    shared = command(tmp_path, "get-signing-certificate", lang="fr")
    der = base64.b64decode(shared["certificate"])
    assert x509.load_der_x509_certificate(der) == holders.certificates(applet).signature
    wanted = shared["supportedSignatureAlgorithms"][0]
    signed = command(
        tmp_path,
        "sign",
        hash=base64.b64encode(bytes(32)).decode(),
        hashFunction=wanted["hashFunction"],
        certificate=shared["certificate"],
    )
    assert signed["signatureAlgorithm"] == wanted
    assert len(base64.b64decode(signed["signature"])) == (256 if applet == "1.7" else 96)


def test_a_token_of_the_command_is_taken_by_a_provider(tmp_path: Path) -> None:
    holders.soft_card().save(tmp_path / "nora.json")
    provider = tokens.Provider().server
    challenge = provider.begin()
    token = command(tmp_path, "authenticate", challengeNonce=challenge.nonce)
    verified = provider.complete(challenge, json.dumps(token), origin=ORIGIN)
    assert verified.surname == "Specimen"
