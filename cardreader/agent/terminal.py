"""The PIN asked on a terminal, for a native host without a browser page to show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cardreader.agent import messages
from cardreader.agent.desk import Outcome
from cardreader.agent.language import Language
from cardreader.agent.tasks import Login, Sign, Task
from cardreader.errors import PinBlocked, PinMalformed, PinWrong, UserCancelled

if TYPE_CHECKING:
    from cardreader.agent.slots import Slots
    from cardreader.client import PinQuestion


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asking:
    """Shows the question, and takes the PIN here or lets the reader take it."""

    words: Language
    say: Callable[[str], None]
    read_secret: Callable[[str], str]
    task: Task

    def ask_pin(self, question: PinQuestion) -> str:
        self._show(question)
        if not self.task.wants_pin:
            return self._agreement()
        pin = self.read_secret(f"{self.words.say('pin_label')}: ")
        if not pin:
            raise UserCancelled
        return pin

    def _agreement(self) -> str:
        yes = self.words.say("share_yes")
        said = self.read_secret(f"{self.words.say('share_prompt', yes=yes)} ")
        if said.strip().lower() != yes:
            raise UserCancelled
        return said

    def on_pad(self, question: PinQuestion) -> None:
        self._show(question)
        self.say(self.words.say("pin_on_reader"))

    def _show(self, question: PinQuestion) -> None:
        words, left = self.words, question.card.tries_left
        self.say(f"{words.say(self.task.words.asks)} {question.origin}")
        self.say(f"{words.say('pin_card')} {question.card.holder}")
        for line in self._further():
            self.say(line)
        if left is not None and self.task.wants_pin:
            self.say(words.say("pin_last") if left == 1 else words.tries(left))

    def _further(self) -> list[str]:
        """What the citizen must know of the task before agreeing."""
        words, task = self.words, self.task
        if isinstance(task, Login):
            wish = task.wish
            head = [words.say("pin_reads")] if wish.files else []
            reasons = [f"{words.say('pin_reason')} {reason}" for reason in wish.reasons]
            return [*head, *(f"  - {line}" for line in wish.lines(words)), *reasons]
        if isinstance(task, Sign):
            label = words.say("sign_hash", function=task.document.function)
            return [words.say("sign_law"), f"{label}: {task.fingerprint()}"]
        return [words.say("share_hint")]


def ask_on_terminal(
    slots: Slots,
    *,
    origin: str,
    task: Task,
    words: Language,
    say: Callable[[str], None],
    read_secret: Callable[[str], str],
) -> Outcome:
    """Ask until the card answers, the citizen types nothing, or no try is left.

    Args:
        slots: where the card is.
        origin: signed form, shown first.
        task: what is wanted of the card.
        words: the language.
        say: prints a line for the citizen, never on the protocol's stream.
        read_secret: prompts and reads a line without showing it.

    Raises:
        CardError: trouble of the card that asking again does not mend.
    """
    asking = _Asking(words=words, say=say, read_secret=read_secret, task=task)
    while True:
        try:
            with slots.card() as session:
                done = task.do(session, origin=origin, ask_pin=asking.ask_pin, on_pad=asking.on_pad)
        except PinWrong as error:
            say(words.say("pin_wrong", tries=words.tries(error.tries_left)))
        except PinMalformed:
            say(words.say("pin_malformed"))
        except PinBlocked as error:
            say(words.say("blocked_title"))
            say(words.say("blocked_advice"))
            return Outcome(error=messages.describe(error, own_codes=True))
        else:
            return Outcome(token=done.reply, files=done.files)
