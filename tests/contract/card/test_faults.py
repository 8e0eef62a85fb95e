"""What goes wrong between card and reader has one meaning over every connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from cardreader.beid import files
from cardreader.beid.session import BeidSession
from cardreader.errors import (
    ApduRefused,
    CardAbsent,
    CardError,
    CardMute,
    CardProtocolError,
)
from cardreader.pcsc import PcscReaders
from cardreader.sim.faults import Fault, Trouble
from cardreader.sim.reader import SimReader
from cardreader.sim.transcript import Recorder, Replay, Transcript
from tests.services.components import needs_module
from tests.world import holders

if TYPE_CHECKING:
    from pathlib import Path

    from cardreader.reader import Connection
    from cardreader.sim.card import SoftCard
    from tests.services.card_desk import CardDesk

Ends = Callable[["SoftCard", Fault, type[CardError] | None], None]
READ, VERIFY, SIGN = 0xB0, 0x20, 0x2A
PLACES = [(READ, 0), (READ, 3), (VERIFY, 0), (SIGN, 0)]


def visit(connection: Connection) -> None:
    """Read, give the PIN, sign."""
    session = BeidSession(connection)
    assert session.read_file(files.IDENTITY) == holders.image("1.8").contents[files.IDENTITY]
    session.authentication_certificate()
    session.verify_pin(holders.PIN)
    session.sign_authentication(bytes(48), "sha384")


def ends(connection: Connection, wanted: type[CardError] | None) -> None:
    """Let a visit end as it should, or in any typed error where ``wanted`` is the base."""
    with connection:
        if wanted is None:
            visit(connection)
            return
        with pytest.raises(wanted):
            visit(connection)


def simulated(card: SoftCard, fault: Fault, wanted: type[CardError] | None) -> None:
    reader = SimReader("sim")
    reader.insert(card)
    reader.script(fault)
    ends(reader.connect(), wanted)


def replayed(card: SoftCard, fault: Fault, wanted: type[CardError] | None, path: Path) -> None:
    reader = SimReader("sim")
    reader.insert(card)
    reader.script(fault)
    recorder = Recorder(reader.connect())
    ends(recorder, wanted)
    recorder.transcript.write(path)
    ends(Replay(Transcript.read(path)), wanted)


def through_pcscd(
    card: SoftCard, fault: Fault, wanted: type[CardError] | None, desk: CardDesk
) -> None:
    desk.insert(card, fault)
    (reader,) = [reader for reader in PcscReaders().readers() if reader.card_present()]
    ends(reader.connect(), wanted)
    desk.remove()


@pytest.fixture(params=["simulated", "replayed", "pcscd"])
def perform(request: pytest.FixtureRequest, tmp_path: Path) -> Ends:
    """Visits a card with one fault over a connection, and tells how that must end."""
    if request.param == "simulated":
        return simulated
    if request.param == "replayed":
        return lambda *row: replayed(*row, tmp_path / "transcript.json")
    needs_module("smartcard.scard")
    desk: Any = request.getfixturevalue("card_desk")
    desk.remove()
    return lambda *row: through_pcscd(*row, desk)


@pytest.mark.parametrize("trouble", [Trouble.PULLED, Trouble.PULLED_AFTER])
@pytest.mark.parametrize(("ins", "skip"), PLACES)
def test_a_pulled_card_is_absent(perform: Ends, trouble: Trouble, ins: int, skip: int) -> None:
    perform(holders.soft_card(), Fault(trouble=trouble, ins=ins, skip=skip), CardAbsent)


@pytest.mark.parametrize(("ins", "skip"), PLACES)
def test_a_silent_card_is_mute(perform: Ends, ins: int, skip: int) -> None:
    perform(holders.soft_card(), Fault(trouble=Trouble.MUTE, ins=ins, skip=skip), CardMute)


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [("6F00", ApduRefused), ("6A82", ApduRefused), ("0000", ApduRefused), ("FFFF", ApduRefused)],
)
@pytest.mark.parametrize(("ins", "skip"), PLACES)
def test_an_odd_status_is_refused(
    perform: Ends, answer: str, wanted: type[CardError], ins: int, skip: int
) -> None:
    told = bytes.fromhex(answer)
    perform(
        holders.soft_card(),
        Fault(trouble=Trouble.GARBAGE, ins=ins, skip=skip, answer=told),
        wanted,
    )


def test_a_signature_of_the_wrong_length_is_against_the_protocol(perform: Ends) -> None:
    odd = Fault(trouble=Trouble.GARBAGE, ins=SIGN, answer=bytes(95) + b"\x90\x00")
    perform(holders.soft_card(), odd, CardProtocolError)


def test_a_slow_card_is_waited_for(perform: Ends) -> None:
    slow = Fault(trouble=Trouble.SLOW, ins=SIGN, seconds=0.05)
    perform(holders.soft_card(), slow, None)


def test_a_reset_before_the_signature_leaves_no_right(perform: Ends) -> None:
    card = holders.soft_card()
    perform(card, Fault(trouble=Trouble.RESET, ins=SIGN), CardError)
    assert card.tries_left == 3
