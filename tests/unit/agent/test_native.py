"""The native host's one conversation: hello, a command, a reply, the end."""

from __future__ import annotations

import base64
import io
import json
import struct
from typing import Any, cast

import pytest

from cardreader.agent.desk import CANCELLED, Outcome
from cardreader.agent.language import language
from cardreader.agent.manifest import ExtensionIdMalformed, manifest
from cardreader.agent.messages import frame
from cardreader.agent.native import converse
from cardreader.agent.slots import Slots
from cardreader.agent.tasks import Login, Task
from cardreader.agent.terminal import ask_on_terminal
from cardreader.errors import CardAbsent, UserCancelled
from tests.unit.agent.fake_card import PIN, FakeCard
from tests.unit.agent.fake_reader import FakeReader
from tests.unit.agent.test_loopback_api import NONCE

ORIGIN = "https://login.example.be"
HASH = base64.b64encode(bytes(48)).decode()
TOKEN = Outcome(token={"format": "web-eid:1.0"})


def replies(data: bytes) -> list[dict[str, Any]]:
    read = []
    while data:
        (length,) = struct.unpack("=I", data[:4])
        read.append(json.loads(data[4 : 4 + length]))
        data = data[4 + length :]
    return read


def talk(message: object, outcome: Outcome = TOKEN) -> tuple[list[dict[str, Any]], list[str]]:
    asked: list[str] = []

    def ask(origin: str, lang: str | None, task: Task) -> Outcome:
        said = task.nonce if isinstance(task, Login) else type(task).__name__
        asked.append(f"{origin} {said} {lang}")
        return outcome

    outgoing = io.BytesIO()
    converse(io.BytesIO(frame(cast("Any", message))), outgoing, ask=ask)
    return replies(outgoing.getvalue()), asked


def command(name: str, **arguments: str) -> dict[str, object]:
    return {"command": name, "arguments": arguments}


def test_hello_comes_first_and_quit_is_answered_with_nothing() -> None:
    (hello, reply), asked = talk(command("quit"))
    assert (set(hello), reply, asked) == ({"version"}, {}, [])


def test_authenticate_gives_the_token_of_the_citizen() -> None:
    message = command("authenticate", challengeNonce=NONCE, origin=ORIGIN, lang="nl")
    (_, reply), asked = talk(message)
    assert reply == {"format": "web-eid:1.0"}
    assert asked == [f"{ORIGIN} {NONCE} nl"]


def test_the_signing_commands_reach_the_citizen_as_what_they_are() -> None:
    _, asked = talk(command("get-signing-certificate", origin=ORIGIN))
    assert asked == [f"{ORIGIN} ShareCertificate None"]
    message = command("sign", hash=HASH, hashFunction="SHA-384", certificate="MAA=", origin=ORIGIN)
    _, asked = talk(message)
    assert asked == [f"{ORIGIN} Sign None"]


@pytest.mark.parametrize(
    "message",
    [
        command("authenticate", challengeNonce="A" * 43, origin=ORIGIN),
        command("authenticate", challengeNonce=NONCE, origin="http://localhost:8400"),
        command("authenticate", challengeNonce=NONCE, origin=f"{ORIGIN}/path"),
        command("authenticate", challengeNonce=NONCE),
        command("get-signing-certificate", origin="http://login.example.be"),
        command("get-signing-certificate", origin=ORIGIN, challengeNonce=NONCE),
        command("sign", hash="h", hashFunction="SHA-384", certificate="c", origin=ORIGIN),
        command("sign", hash=HASH, hashFunction="SHA-256", certificate="MAA=", origin=ORIGIN),
        command("sign", hash=HASH, hashFunction="SHA-1", certificate="MAA=", origin=ORIGIN),
        command("sign", hash=HASH[:-4], hashFunction="SHA-384", certificate="", origin=ORIGIN),
        command("sign", hash=HASH, hashFunction="SHA-384", certificate="", origin=ORIGIN),
        command("sign", hash=HASH, hashFunction="SHA-384", certificate="MAA=", origin="null"),
        command("sign", hash=HASH, hashFunction="SHA-384", origin=ORIGIN),
        command("status"),
        ["list"],
    ],
)
def test_what_is_refused_is_refused_before_the_citizen_is_asked(message: object) -> None:
    (_, reply), asked = talk(message)
    assert reply["error"]["code"].startswith("ERR_WEBEID_NATIVE_")
    assert asked == []


def test_the_extension_hears_of_a_cancel_and_of_nothing_finer() -> None:
    message = command("authenticate", challengeNonce=NONCE, origin=ORIGIN)
    (_, reply), _ = talk(message, CANCELLED)
    assert reply["error"]["code"] == "ERR_WEBEID_USER_CANCELLED"
    blocked = Outcome(error={"code": "ERR_SESAME_PIN_BLOCKED", "message": "m", "triesLeft": 0})
    (_, reply), _ = talk(message, blocked)
    assert reply["error"] == {"code": "ERR_WEBEID_NATIVE_FATAL", "message": "m"}


def test_a_browser_that_closes_at_once_gets_hello_only() -> None:
    outgoing = io.BytesIO()
    converse(io.BytesIO(), outgoing, ask=lambda *_: TOKEN)
    assert len(replies(outgoing.getvalue())) == 1


def terminal(reader: FakeReader, typed: list[str]) -> tuple[Outcome, list[str]]:
    said: list[str] = []
    outcome = ask_on_terminal(
        Slots(cast("Any", reader), open_session=lambda card: cast("Any", card)),
        origin=ORIGIN,
        task=Login(nonce=NONCE),
        words=language("en"),
        say=said.append,
        read_secret=lambda _prompt: typed.pop(0),
    )
    return outcome, said


def test_the_terminal_asks_again_after_a_wrong_or_malformed_pin() -> None:
    reader = FakeReader(cards_by_name={"an": FakeCard()}, current="an")
    outcome, said = terminal(reader, ["0000", "abc", PIN])
    assert outcome.token is not None
    assert any("2 attempts left" in line for line in said)
    assert any(ORIGIN in line for line in said)
    assert not any(PIN in line or "0000" in line for line in said)


def test_the_terminal_stops_at_a_blocked_card() -> None:
    reader = FakeReader(cards_by_name={"an": FakeCard(tries=1)}, current="an")
    outcome, said = terminal(reader, ["0000"])
    assert outcome.error is not None
    assert outcome.error["code"] == "ERR_SESAME_PIN_BLOCKED"
    assert any("last attempt" in line for line in said)
    assert any("municipality" in line for line in said)


def test_an_empty_line_on_the_terminal_cancels() -> None:
    reader = FakeReader(cards_by_name={"an": FakeCard()}, current="an")
    with pytest.raises(UserCancelled):
        terminal(reader, [""])
    with pytest.raises(CardAbsent):
        terminal(FakeReader(), [])


def test_a_manifest_lets_exactly_one_extension_in(tmp_path: Any) -> None:
    chrome = manifest("chrome", extensions=["a" * 32], program=tmp_path / "host")
    assert chrome["allowed_origins"] == [f"chrome-extension://{'a' * 32}/"]
    one = "{e68418bc-f2b0-4459-a9ea-3e72b6751b07}"
    firefox = manifest("firefox", extensions=[one], program=tmp_path / "host")
    assert firefox["allowed_extensions"] == [one]
    assert (firefox["name"], firefox["type"]) == ("eu.webeid", "stdio")


@pytest.mark.parametrize("bad", ["*", "", "a" * 31, "a" * 32 + "/", "A" * 32, "z" * 32])
def test_a_manifest_for_no_extension_in_particular_is_refused(bad: str, tmp_path: Any) -> None:
    for browser in ("chrome", "firefox"):
        with pytest.raises(ExtensionIdMalformed):
            manifest(cast("Any", browser), extensions=[bad], program=tmp_path)
