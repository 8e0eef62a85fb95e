"""Files beside the token: what a page may ask, what the citizen is told, what leaves the card."""

from __future__ import annotations

import html
import io
import json
import struct
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cardreader.agent.desk import Outcome
from cardreader.agent.language import NAMES, language
from cardreader.agent.messages import MessageRefused, frame
from cardreader.agent.native import converse
from cardreader.agent.slots import Slots
from cardreader.agent.tasks import Login, Task
from cardreader.agent.terminal import ask_on_terminal
from cardreader.agent.wishes import Wish, read_wish
from cardreader.beid.carried import FileSet, unpack
from cardreader.beid.session import BeidSession
from cardreader.sim.reader import SimReader
from tests.unit.agent.fake_card import PIN
from tests.unit.agent.fake_reader import Bench
from tests.unit.agent.test_loopback_api import NONCE, ask, opened, poll, ticket
from tests.world import holders

ORIGIN = "https://login.example.be"
ADDRESS = Wish(files=(FileSet.IDENTITY, FileSet.ADDRESS), reasons=("To send you <b>letters</b>.",))


def slots() -> Slots:
    reader = SimReader("sim")
    reader.insert(holders.soft_card())
    source = SimpleNamespace(readers=lambda: [reader])
    return Slots(cast("Any", source), open_session=BeidSession)


def test_the_identity_comes_with_every_set_and_is_told_with_it() -> None:
    assert read_wish(["photo"], None).files == (FileSet.IDENTITY, FileSet.PHOTO)
    assert read_wish(None, None) == read_wish([], []) == Wish()


@pytest.mark.parametrize(
    ("files", "reasons"),
    [
        (["everything"], None),
        (["address", "address"], None),
        ("address", None),
        ([1], None),
        (None, ["why"]),
        (["address"], ["x"] * 9),
        (["address"], ["x" * 301]),
        (["address"], [" "]),
        (["address"], ["turned \u202e round"]),
        (["address"], ["two\nlines"]),
    ],
)
def test_a_wish_that_hides_or_overdoes_something_is_refused(files: object, reasons: object) -> None:
    with pytest.raises(MessageRefused):
        read_wish(files, reasons)


def test_a_page_that_asks_for_nonsense_is_answered_with_an_error() -> None:
    answer = ask(Bench(), members={"challengeNonce": NONCE, "files": ["everything"]})
    assert answer.status == 400


@pytest.mark.parametrize("code", sorted(NAMES))
def test_the_pin_page_says_what_is_read_and_quotes_why(code: str) -> None:
    bench = Bench()
    wish = {"files": ["address"], "reasons": list(ADDRESS.reasons)}
    _, path = opened(bench, **cast("Any", wish))
    page = html.unescape(bench.get(f"{path}?lang={code}").body.decode())
    words = language(code)
    assert words.say("pin_reads") in page
    for line in ADDRESS.lines(words):
        assert line in page
    assert words.say("file_photo") not in page
    assert f'<q class="reason">{ADDRESS.reasons[0]}</q>' in page
    assert "<b>" not in bench.get(f"{path}?lang={code}").body.decode()


def test_the_pin_page_speaks_of_no_files_where_none_are_asked() -> None:
    bench = Bench()
    _, path = opened(bench)
    assert language("en").say("pin_reads") not in bench.get(path).body.decode()


def test_nothing_is_read_of_a_card_whose_pin_was_wrong() -> None:
    bench = Bench()
    question_id, path = opened(bench, **cast("Any", {"files": ["identity"]}))
    bench.post(path, {"ticket": ticket(bench.get(path)), "pin": "0000"})
    waiting = json.loads(poll(bench, question_id).body)
    assert waiting["state"] == "waiting"
    assert "files" not in waiting


def test_a_card_whose_files_cannot_be_read_gives_no_token_either() -> None:
    bench = Bench()  # a card without files
    question_id, path = opened(bench, **cast("Any", {"files": ["identity"]}))
    bench.post(path, {"ticket": ticket(bench.get(path)), "pin": PIN})
    assert json.loads(poll(bench, question_id).body)["state"] == "waiting"


def test_a_terminal_tells_the_same_and_reads_just_that() -> None:
    said: list[str] = []
    outcome = ask_on_terminal(
        slots(),
        origin=ORIGIN,
        task=Login(nonce=NONCE, wish=ADDRESS),
        words=language("en"),
        say=said.append,
        read_secret=lambda _: holders.PIN,
    )
    text = "\n".join(said)
    assert "your address" in text
    assert "To send you <b>letters</b>." in text
    assert "your photo" not in text
    files = unpack(outcome.files).files
    assert files.address is not None
    assert files.photo is None


def native(**arguments: object) -> tuple[dict[str, Any], list[Wish]]:
    asked: list[Wish] = []

    def ask(origin: str, lang: str | None, task: Task) -> Outcome:
        del origin, lang
        assert isinstance(task, Login)
        asked.append(task.wish)
        files = {"photo": "x" * 20000} if task.wish.files else None
        return Outcome(token={"format": "web-eid:1.0"}, files=files)

    message = {
        "command": "authenticate",
        "arguments": {"challengeNonce": NONCE, "origin": ORIGIN, **arguments},
    }
    outgoing = io.BytesIO()
    converse(io.BytesIO(frame(message)), outgoing, ask=ask)
    data = outgoing.getvalue()
    (first,) = struct.unpack("=I", data[:4])
    return json.loads(data[8 + first :]), asked


def test_the_native_host_reads_files_for_an_extension_of_ours() -> None:
    reply, (wish,) = native(files=["address"], reasons=["Because."])
    assert wish == Wish(files=(FileSet.IDENTITY, FileSet.ADDRESS), reasons=("Because.",))
    assert len(reply["files"]["photo"]) == 20000


def test_the_official_extension_gets_the_token_alone() -> None:
    reply, (wish,) = native()
    assert (reply, wish) == ({"format": "web-eid:1.0"}, Wish())


def test_the_native_host_refuses_a_wish_that_is_none() -> None:
    reply, asked = native(files="address")
    assert set(reply) == {"error"}
    assert asked == []
