"""Real software cards in a folder: the agent signs with them and the provider's side agrees."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Self

import pytest

from cardreader import client
from cardreader.agent.assembly import Assembled, assemble, pem_certificates
from cardreader.agent.slots import Slots
from cardreader.beid.session import BeidSession
from cardreader.errors import CardAbsent, CardError, PinBlocked, PinWrong, UnknownCard
from cardreader.sim.faults import Fault, Trouble
from cardreader.sim.reader import SimReader, SimReaders
from tests.world.holders import PIN, soft_card
from tests.world.tokens import ORIGIN, Provider

if TYPE_CHECKING:
    from pathlib import Path

    from cardreader.sim.image import AppletName


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cards = tmp_path / "cards"
    cards.mkdir()
    soft_card().save(cards / "an.json")
    return cards


def inserted(folder: Path, name: str = "an") -> Assembled:
    assembled = assemble(folder, entropy=bytes)
    assert assembled.rack is not None
    assembled.rack.insert(name)
    return assembled


def sign(assembled: Assembled, pin: str, nonce: str) -> dict[str, str]:
    with assembled.slots.card() as session:
        return client.authenticate(
            session, challenge_nonce=nonce, origin=ORIGIN, ask_pin=lambda _question: pin
        )


@pytest.mark.parametrize("applet", ["1.7", "1.8"])
def test_the_provider_verifies_what_the_agent_signed(folder: Path, applet: AppletName) -> None:
    soft_card(applet).save(folder / "bo.json")
    server = Provider().server
    challenge = server.begin()
    token = sign(inserted(folder, "bo"), PIN, challenge.nonce)
    verified = server.complete(challenge, json.dumps(token), origin=ORIGIN)
    assert (verified.surname, verified.generation) == ("Specimen", applet)


def test_wrong_pins_are_remembered_in_the_file_until_the_card_is_blocked(folder: Path) -> None:
    for left in (2, 1):
        with pytest.raises(PinWrong) as refused:
            sign(inserted(folder), "0000", "A" * 44)
        assert refused.value.tries_left == left
    with pytest.raises(PinBlocked):
        sign(inserted(folder), "0000", "A" * 44)
    rack = inserted(folder).rack
    assert rack is not None
    (card,) = rack.cards()
    assert card.card is not None
    assert card.card.tries_left == 0


def test_the_rack_lists_good_and_unreadable_cards_and_follows_the_folder(folder: Path) -> None:
    rack = inserted(folder).rack
    assert rack is not None
    soft_card("1.7").save(folder / "bo.json")
    (folder / "broken.json").write_text("{}")
    (folder / "note.txt").write_text("no card")
    (folder / "bad name.json").write_text("{}")
    listed = {card.name: card for card in rack.cards()}
    assert set(listed) == {"an", "bo", "broken"}
    assert listed["broken"].card is None
    assert [card.inserted for card in listed.values()] == [True, False, False]
    for name in ("broken", "none", "../an", "bad name", ""):
        with pytest.raises(CardAbsent):
            rack.insert(name)
    assert rack.inserted() == "an"
    rack.remove()
    assert rack.inserted() is None


def test_every_certificate_on_the_card_is_printed(folder: Path) -> None:
    found = pem_certificates(inserted(folder))
    assert set(found) == {"authentication", "signature", "issuer", "root", "register"}
    assert all(pem.startswith("-----BEGIN CERTIFICATE-----") for pem in found.values())


class OtherCard:
    """A bank card, say: it answers every command with 6D00."""

    atr = b"\x3b\x00"

    def transmit(self, command: bytes | bytearray) -> bytes:
        del command
        return b"\x6d\x00"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.left = True


class OtherReader:
    name = "Other"

    def __init__(self) -> None:
        self.connection = OtherCard()

    def card_present(self) -> bool:
        return True

    def connect(self) -> OtherCard:
        return self.connection


def test_a_card_that_is_no_eid_is_passed_over_and_let_go() -> None:
    other, reader = OtherReader(), SimReader("Second")
    slots = Slots(SimReaders(other, reader), open_session=BeidSession)  # type: ignore[arg-type] # a small fake
    with pytest.raises(UnknownCard), slots.card():
        pass
    reader.insert(soft_card())
    with slots.card() as session:
        assert client.summary(session).tries_left == 3
    assert other.connection.left
    assert [view.trouble is None for view in slots.look()] == [False, True]


@pytest.mark.parametrize("trouble", [Trouble.PULLED, Trouble.PULLED_AFTER, Trouble.MUTE])
@pytest.mark.parametrize("ins", [0xA4, 0xB0, 0x20, 0x22, 0x2A])
def test_a_card_that_fails_at_any_command_gives_a_typed_error_and_retry_works(
    trouble: Trouble, ins: int
) -> None:
    reader = SimReader("Reader")
    slots = Slots(SimReaders(reader), open_session=BeidSession)
    reader.insert(soft_card())
    reader.script(Fault(trouble=trouble, ins=ins))
    with pytest.raises(CardError), slots.card() as session:
        client.authenticate(
            session, challenge_nonce="A" * 44, origin=ORIGIN, ask_pin=lambda _question: PIN
        )
    reader.insert(soft_card())
    with slots.card() as session:
        token = client.authenticate(
            session, challenge_nonce="A" * 44, origin=ORIGIN, ask_pin=lambda _question: PIN
        )
    assert token["algorithm"] == "ES384"
