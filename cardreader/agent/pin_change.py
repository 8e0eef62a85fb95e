"""A new PIN: asked for with care, sent to the card once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from cardreader import client
from cardreader.agent.language import Language
from cardreader.agent.pin import CardSwapped
from cardreader.beid.session import BeidSession
from cardreader.errors import CardError, PinBlocked, UnknownCard, UserCancelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cardreader.agent.slots import Slots

_LAST: Final = 1


class PinsDiffer(CardError):
    """The new PIN was not typed twice alike: the card was not asked."""

    code: ClassVar[str] = "pins_differ"


@dataclass(frozen=True, kw_only=True, slots=True)
class PinAsking:
    """How the citizen is spoken with: a line, a secret, a yes or no."""

    words: Language
    say: Callable[[str], None]
    read_secret: Callable[[str], str]
    confirm: Callable[[str], bool]


def change_pin(slots: Slots, asking: PinAsking) -> None:
    """Change the PIN of the card in the reader, with one try.

    The card is not held while the citizen types, and must be the same one afterwards. A reader with
    keys asks by itself: then no PIN enters this machine.

    Raises:
        UserCancelled: at the last try, the citizen was not sure.
        PinMalformed, PinsDiffer: what was typed is no PIN, or not twice alike; nothing was sent.
        PinWrong, PinBlocked: the old PIN, as the card said.
        CardSwapped: another card is there now; nothing was sent to it.
        CardError: any other trouble of the card.
    """
    words = asking.words
    with slots.card() as session:
        card = _eid(session)
        serial, tries, by_reader = card.card_data.serial, card.tries_left(), card.pad_modifies
        who = card.identity()
    if tries == 0:
        raise PinBlocked
    asking.say(f"{words.say('pin_card')} {who.given_names} {who.surname}")
    if tries is not None:
        asking.say(words.say("pin_last") if tries == _LAST else words.tries(tries))
    if tries == _LAST and not asking.confirm(words.say("cli_pin_last_sure")):
        raise UserCancelled
    if by_reader:
        asking.say(words.say("pin_on_reader"))
        with _same(slots, serial) as card:
            card.change_pin_on_pad(words.code)
        return
    old, new = _ask(asking)
    with _same(slots, serial) as card:
        card.change_pin(old, new)


def _ask(asking: PinAsking) -> tuple[str, str]:
    words = asking.words
    old = client.check_pin(asking.read_secret(words.say("cli_pin_old")))
    new = client.check_pin(asking.read_secret(words.say("cli_pin_new")))
    if new != asking.read_secret(words.say("cli_pin_again")):
        raise PinsDiffer
    return old, new


@contextmanager
def _same(slots: Slots, serial: bytes) -> Iterator[BeidSession]:
    with slots.card() as session:
        card = _eid(session)
        if card.card_data.serial != serial:
            raise CardSwapped
        yield card


def _eid(session: object) -> BeidSession:
    if not isinstance(session, BeidSession):
        raise UnknownCard
    return session
