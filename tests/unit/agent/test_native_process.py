"""The native host as a real process with real pipes: nothing but frames on standard output."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from cardreader.agent.messages import frame
from tests.unit.agent.fake_card import PIN
from tests.unit.agent.test_loopback_api import NONCE

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
