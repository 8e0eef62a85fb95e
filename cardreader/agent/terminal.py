"""The PIN asked on a terminal, for a native host without a browser page to show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cardreader import client
from cardreader.agent import messages
from cardreader.agent.desk import Outcome
from cardreader.agent.language import Language
from cardreader.agent.wishes import Wish
from cardreader.errors import PinBlocked, PinMalformed, PinWrong, UserCancelled

if TYPE_CHECKING:
    from cardreader.agent.slots import Slots
    from cardreader.client import PinQuestion


_NO_WISH: Final = Wish()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asking:
    """Shows the question, and takes the PIN here or lets the reader take it."""

    words: Language
    say: Callable[[str], None]
    read_secret: Callable[[str], str]
    wish: Wish

    def ask_pin(self, question: PinQuestion) -> str:
        self._show(question)
        pin = self.read_secret(f"{self.words.say('pin_label')}: ")
        if not pin:
            raise UserCancelled
        return pin

    def on_pad(self, question: PinQuestion) -> None:
        self._show(question)
        self.say(self.words.say("pin_on_reader"))

    def _show(self, question: PinQuestion) -> None:
        words, left = self.words, question.card.tries_left
        self.say(f"{words.say('pin_asks')} {question.origin}")
        self.say(f"{words.say('pin_card')} {question.card.holder}")
        if self.wish.files:
            self.say(words.say("pin_reads"))
            for line in self.wish.lines(words):
                self.say(f"  - {line}")
            for reason in self.wish.reasons:
                self.say(f"{words.say('pin_reason')} {reason}")
        if left is not None:
            self.say(words.say("pin_last") if left == 1 else words.tries(left))


def ask_on_terminal(  # noqa: PLR0913 - where, what is asked, and three ways to speak
    slots: Slots,
    *,
    origin: str,
    nonce: str,
    words: Language,
    say: Callable[[str], None],
    read_secret: Callable[[str], str],
    wish: Wish = _NO_WISH,
) -> Outcome:
    """Ask until the card answers, the citizen types nothing, or no try is left.

    Args:
        slots: where the card is.
        origin: signed form, shown first.
        nonce: the challenge.
        words: the language.
        say: prints a line for the citizen, never on the protocol's stream.
        read_secret: prompts and reads a line without showing it.
        wish: what is to be read of the card beside, and why.

    Raises:
        CardError: trouble of the card that asking again does not mend.
    """
    asking = _Asking(words=words, say=say, read_secret=read_secret, wish=wish)
    while True:
        try:
            with slots.card() as session:
                token = client.authenticate(
                    session,
                    challenge_nonce=nonce,
                    origin=origin,
                    ask_pin=asking.ask_pin,
                    on_pad=asking.on_pad,
                )
                files = client.carry(session, wish.files, origin=origin, challenge_nonce=nonce)
        except PinWrong as error:
            say(words.say("pin_wrong", tries=words.tries(error.tries_left)))
        except PinMalformed:
            say(words.say("pin_malformed"))
        except PinBlocked as error:
            say(words.say("blocked_title"))
            say(words.say("blocked_advice"))
            return Outcome(error=messages.describe(error, own_codes=True))
        else:
            return Outcome(token=token, files=files)
