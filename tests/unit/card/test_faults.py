"""A card that leaves, falls silent, is reset or talks nonsense at any command of a whole visit."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from cardreader.beid import files
from cardreader.beid.session import BeidSession
from cardreader.errors import (
    ApduRefused,
    CardAbsent,
    CardError,
    CardMute,
    CardReset,
    PinWrong,
)
from cardreader.reader import Deadline
from cardreader.sim.faults import Fault, Script, Trouble
from cardreader.sim.reader import SimReader
from cardreader.sim.transcript import Recorder, Replay, Transcript
from tests.world import holders

if TYPE_CHECKING:
    from pathlib import Path

    from cardreader.reader import Connection
    from cardreader.sim.card import SoftCard
    from cardreader.sim.image import AppletName

BOTH = pytest.mark.parametrize("applet", ["1.7", "1.8"])
NONSENSE = ("", "90", "0000", "FFFF", "6F00", "6100", "6C00", "61FF", "6CFF", "FF" * 300 + "9000")
VERIFY, READ, SIGN = 0x20, 0xB0, 0x2A


def visit(connection: Connection, applet: AppletName, pin: str = holders.PIN) -> None:
    """Everything that a login with identity files does with a card."""
    session = BeidSession(connection)
    session.authentication_certificate()
    session.identity()
    session.address()
    session.tries_left()
    session.prove_chip(bytes(48))
    session.verify_pin(pin)
    name = "sha256" if applet == "1.7" else "sha384"
    session.sign_authentication(hashlib.new(name, b"text").digest(), name)  # type: ignore[arg-type]
    session.log_off()


def reader_with(card: SoftCard, *faults: Fault) -> SimReader:
    reader = SimReader("sim")
    reader.insert(card)
    reader.script(*faults)
    return reader


def commands(applet: AppletName) -> int:
    """How many commands a whole visit takes."""
    with Recorder(reader_with(holders.soft_card(applet)).connect()) as recorder:
        visit(recorder, applet)
    return len(recorder.transcript.turns)


@BOTH
@pytest.mark.parametrize("trouble", [Trouble.PULLED, Trouble.PULLED_AFTER, Trouble.MUTE])
def test_a_card_may_leave_or_fall_silent_at_any_point(applet: AppletName, trouble: Trouble) -> None:
    wanted = CardMute if trouble is Trouble.MUTE else CardAbsent
    for point in range(commands(applet)):
        card = holders.soft_card(applet)
        reader = reader_with(card, Fault(trouble=trouble, skip=point))
        with pytest.raises(wanted), reader.connect() as connection:
            visit(connection, applet)
        assert card.tries_left == 3
        assert reader.card_present() is (trouble is Trouble.MUTE)
        reader.insert(card)
        with reader.connect() as connection:
            visit(connection, applet)


def test_a_card_that_left_before_it_was_powered_is_absent() -> None:
    reader = reader_with(holders.soft_card())
    assert reader.card_present()
    reader.remove()
    with pytest.raises(CardAbsent):
        reader.connect()
    reader.insert(holders.soft_card())
    with reader.connect() as connection:
        visit(connection, "1.8")


@BOTH
def test_a_reset_by_another_program_is_survived_or_told_at_any_point(applet: AppletName) -> None:
    survived = 0
    for point in range(commands(applet)):
        card = holders.soft_card(applet)
        reader = reader_with(card, Fault(trouble=Trouble.RESET, skip=point))
        with reader.connect() as connection:
            try:
                visit(connection, applet)
            except CardReset:
                visit(connection, applet)
            else:
                survived += 1
        assert card.tries_left == 3
    assert survived > 0, "reading goes on by itself"


@BOTH
@pytest.mark.parametrize("answer", NONSENSE)
def test_nonsense_at_any_point_ends_in_a_typed_error_or_is_harmless(
    applet: AppletName, answer: str
) -> None:
    for point in range(commands(applet)):
        card = holders.soft_card(applet)
        fault = Fault(trouble=Trouble.GARBAGE, skip=point, answer=bytes.fromhex(answer))
        reader = reader_with(card, fault)
        with reader.connect() as connection:
            try:
                visit(connection, applet)
            except CardError:
                visit(connection, applet)
        assert card.tries_left == 3


@BOTH
@pytest.mark.parametrize("answer", NONSENSE)
def test_a_card_that_only_talks_nonsense_is_given_up(applet: AppletName, answer: str) -> None:
    fault = Fault(trouble=Trouble.GARBAGE, times=None, answer=bytes.fromhex(answer))
    reader = reader_with(holders.soft_card(applet), fault)
    with pytest.raises(CardError), reader.connect() as connection:
        visit(connection, applet)


@BOTH
@pytest.mark.parametrize("trouble", [Trouble.PULLED_AFTER, Trouble.GARBAGE])
def test_a_wrong_pin_whose_answer_is_lost_costs_one_try_and_is_never_repeated(
    applet: AppletName, trouble: Trouble
) -> None:
    card = holders.soft_card(applet)
    reader = reader_with(card, Fault(trouble=trouble, ins=VERIFY, skip=applet == "1.7"))
    with pytest.raises(CardError), reader.connect() as connection:
        visit(connection, applet, "9999")
    assert card.tries_left == 2


def test_a_wrong_pin_that_the_card_never_saw_costs_nothing() -> None:
    for trouble in (Trouble.PULLED, Trouble.MUTE, Trouble.RESET):
        card = holders.soft_card()
        reader = reader_with(card, Fault(trouble=trouble, ins=VERIFY))
        with pytest.raises(CardError), reader.connect() as connection:
            visit(connection, "1.8", "9999")
        assert card.tries_left == 3


def test_a_slow_card_is_waited_for_until_the_deadline() -> None:
    clock = [0.0]

    def pause(seconds: float) -> None:
        clock[0] += seconds

    for seconds, late in ((0.2, False), (2.0, True)):
        clock[0] = 0.0
        reader = SimReader("sim", pause=pause)
        reader.insert(holders.soft_card())
        reader.script(Fault(trouble=Trouble.SLOW, ins=READ, times=None, seconds=seconds))
        with Deadline(reader.connect(), seconds=15, clock=lambda: clock[0]) as connection:
            if late:
                with pytest.raises(CardMute):
                    visit(connection, "1.8")
            else:
                visit(connection, "1.8")
        assert clock[0] >= seconds


@pytest.mark.parametrize("trouble", list(Trouble))
@pytest.mark.parametrize("ins", [READ, VERIFY, SIGN])
def test_a_faulty_conversation_plays_again_as_it_went(
    trouble: Trouble, ins: int, tmp_path: Path
) -> None:
    reader = reader_with(holders.soft_card(), Fault(trouble=trouble, ins=ins))
    first = Told(Recorder(reader.connect()))
    again = Told(Replay(Transcript.read(first.write_to(tmp_path / "visit.json"))))
    assert (first.code, first.status) == (again.code, again.status)


class Told:
    """How a visit ended."""

    def __init__(self, connection: Recorder | Replay) -> None:
        self.code: str | None = None
        self.status: int | None = None
        self._connection = connection
        with connection:
            try:
                visit(connection, "1.8")
            except CardError as error:
                self.code = error.code
                self.status = error.status if isinstance(error, ApduRefused) else None

    def write_to(self, path: Path) -> Path:
        assert isinstance(self._connection, Recorder)
        self._connection.transcript.write(path)
        assert holders.PIN.encode().hex() not in path.read_text()
        return path


def test_a_transcript_with_an_unknown_trouble_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "visit.json"
    for came in ('{"raises": "bad_luck"}', "{}", "7"):
        path.write_text(
            f'{{"format": "sesame-transcript/1", "atr": "3b00", "turns": [["00", {came}]]}}'
        )
        with pytest.raises(CardError):
            Transcript.read(path)


def test_faults_strike_as_often_as_they_are_told() -> None:
    script = Script(
        Fault(trouble=Trouble.MUTE, ins=READ, skip=1, times=2), Fault(trouble=Trouble.SLOW)
    )
    read, other = bytes((0, READ, 0, 0, 0)), b"\x00"
    struck = [script.strike(command) for command in (read, read, read, other, read, other)]
    found = [fault.trouble.value if fault else None for fault in struck]
    assert found == ["slow", "mute", "mute", None, None, None]


def test_wrong_pins_told_in_time_are_not_confused_with_faults() -> None:
    reader = reader_with(holders.soft_card(), Fault(trouble=Trouble.SLOW, ins=VERIFY))
    with pytest.raises(PinWrong), reader.connect() as connection:
        visit(connection, "1.8", "9999")


def test_a_spoiled_read_does_not_last() -> None:
    reader = reader_with(
        holders.soft_card(), Fault(trouble=Trouble.GARBAGE, ins=READ, answer=b"\x6a\x82")
    )
    with reader.connect() as connection:
        session = BeidSession(connection)
        with pytest.raises(ApduRefused):
            session.read_file(files.IDENTITY)
        assert session.read_file(files.IDENTITY) == holders.image().contents[files.IDENTITY]
