"""A second program at the same real reader: it holds the card, resets it, or ends the service.

The other program is a second PC/SC context; the service is a real pcscd with a virtual reader.
"""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from cardreader.agent.slots import Slots
from cardreader.beid import files
from cardreader.beid.session import BeidSession
from cardreader.errors import ApduRefused, CardError, CardReset, ReaderBusy
from cardreader.pcsc import PcscReaders, binding
from tests.services.components import needs_module
from tests.world import holders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cardreader.pcsc import PcscReader
    from tests.services.card_desk import CardDesk

DIGEST = bytes(48)


@pytest.fixture
def scard() -> Any:
    needs_module("smartcard.scard")
    return binding()


@pytest.fixture
def desk(scard: Any, card_desk: CardDesk) -> Iterator[CardDesk]:
    """The desk with a good card in its reader."""
    del scard
    card_desk.insert(holders.soft_card())
    yield card_desk
    card_desk.remove()


def taken(readers: PcscReaders) -> PcscReader:
    (reader,) = [reader for reader in readers.readers() if reader.card_present()]
    return reader


@contextmanager
def another_program(scard: Any, name: str, *, exclusive: bool) -> Iterator[Any]:
    """Another program's hold on the card."""
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    assert result == scard.SCARD_S_SUCCESS
    mode = scard.SCARD_SHARE_EXCLUSIVE if exclusive else scard.SCARD_SHARE_SHARED
    result, card, _ = scard.SCardConnect(context, name, mode, scard.SCARD_PROTOCOL_T0)
    assert result == scard.SCARD_S_SUCCESS
    try:
        yield card
    finally:
        scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
        scard.SCardReleaseContext(context)


def sharing(scard: Any) -> Any:
    """The binding of a reader program that lets others in: only so can they reset its card."""
    api = SimpleNamespace(**{name: getattr(scard, name) for name in dir(scard)})
    api.SCARD_SHARE_EXCLUSIVE = scard.SCARD_SHARE_SHARED
    return api


def reset_by(scard: Any, card: Any) -> None:
    result, _ = scard.SCardReconnect(
        card, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T0, scard.SCARD_RESET_CARD
    )
    assert result == scard.SCARD_S_SUCCESS


def read(session: BeidSession) -> bytes:
    return session.read_file(files.IDENTITY)


@pytest.mark.parametrize("mode", ["exclusive", "shared"])
def test_a_card_that_another_program_holds_is_busy_and_can_be_had_when_it_lets_go(
    scard: Any, desk: CardDesk, mode: str
) -> None:
    del desk
    readers = PcscReaders()
    slots = Slots(readers, open_session=BeidSession)
    with another_program(scard, taken(readers).name, exclusive=mode == "exclusive"):
        for _ in range(2):
            with pytest.raises(ReaderBusy), slots.card():
                pass
        (view,) = [view for view in slots.look() if view.trouble is not None]
        assert isinstance(view.trouble, ReaderBusy)
    with slots.card() as session:
        assert session.tries_left() == 3


def test_while_we_hold_the_card_no_other_program_gets_in(scard: Any, desk: CardDesk) -> None:
    del desk
    reader = taken(PcscReaders())
    with reader.connect() as connection:
        session = BeidSession(connection)
        result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        assert result == scard.SCARD_S_SUCCESS
        refused, *_ = scard.SCardConnect(
            context, reader.name, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T0
        )
        scard.SCardReleaseContext(context)
        assert refused == scard.SCARD_E_SHARING_VIOLATION
        assert read(session)


def test_a_reset_by_another_program_restarts_a_reading_unseen(scard: Any, desk: CardDesk) -> None:
    del desk
    reader = taken(PcscReaders(sharing(scard)))
    with reader.connect() as connection, another_program(scard, reader.name, exclusive=False) as it:
        session = BeidSession(connection)
        before = read(session)
        reset_by(scard, it)
        assert read(session) == before
        reset_by(scard, it)
        assert session.tries_left() == 3


def test_a_reset_after_the_pin_takes_its_right_and_no_pin_is_sent_again(
    scard: Any, desk: CardDesk
) -> None:
    del desk
    reader = taken(PcscReaders(sharing(scard)))
    with reader.connect() as connection, another_program(scard, reader.name, exclusive=False) as it:
        session = BeidSession(connection)
        session.verify_pin(holders.PIN)
        reset_by(scard, it)
        with pytest.raises((CardReset, ApduRefused)):
            session.sign_authentication(DIGEST, "sha384")
        # The citizen types it again, and it works: nothing of the broken attempt is left.
        session.verify_pin(holders.PIN)
        assert len(session.sign_authentication(DIGEST, "sha384")) == 96


def test_a_reset_before_a_wrong_pin_costs_no_try_until_it_is_typed_again(
    scard: Any, desk: CardDesk
) -> None:
    del desk
    reader = taken(PcscReaders(sharing(scard)))
    with reader.connect() as connection, another_program(scard, reader.name, exclusive=False) as it:
        session = BeidSession(connection)
        reset_by(scard, it)
        with pytest.raises(CardReset):
            session.verify_pin("9999")
        assert session.tries_left() == 3


def test_a_service_that_was_killed_is_found_again_when_it_is_back(
    scard: Any, desk: CardDesk
) -> None:
    del scard
    slots = Slots(PcscReaders(), open_session=BeidSession)
    with slots.card() as session:
        assert session.tries_left() == 3
        desk.order("stop")
        with pytest.raises(CardError):
            session.tries_left()
    with pytest.raises(CardError), slots.card():
        pass
    desk.order("start")
    desk.insert(holders.soft_card())
    with slots.card() as session:
        assert session.tries_left() == 3
