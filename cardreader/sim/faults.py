"""What goes wrong between a card and its reader, on order, the same behind every face of the card.

A fault waits for its command and happens then; the rest of the conversation is the card's own.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

_INSTRUCTION: Final = 1


class Trouble(Enum):
    """What happens at a scripted command."""

    PULLED = "pulled"  # before the card sees the command
    PULLED_AFTER = "pulled after"  # the card has done it; the answer is lost
    MUTE = "mute"  # the card does nothing and says nothing
    RESET = "reset"  # the power went off and on again before the card saw the command
    SLOW = "slow"  # the answer is right and late
    GARBAGE = "garbage"  # the card has done it; something else comes back


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing to go wrong.

    Attributes:
        ins: the instruction it waits for; None for any.
        skip: how many such commands pass unharmed before.
        times: how many commands it then strikes; None for every one.
        seconds: how long a `Trouble.SLOW` answer takes.
        answer: what comes back for `Trouble.GARBAGE`, status word included or not.
    """

    trouble: Trouble
    ins: int | None = None
    skip: int = 0
    times: int | None = 1
    seconds: float = 0.0
    answer: bytes = field(default=b"\x6f\x00", repr=False)


class Script:
    """Faults that wait for their commands, in any order that these come. Threads may share it."""

    def __init__(self, *faults: Fault) -> None:
        self._waiting = list(faults)
        self._lock = threading.Lock()

    def strike(self, command: bytes | bytearray) -> Fault | None:
        """Tell what goes wrong at this command; None for nothing."""
        with self._lock:
            for place, fault in enumerate(self._waiting):
                if fault.ins is not None and fault.ins != _instruction(command):
                    continue
                if fault.skip:
                    self._waiting[place] = replace(fault, skip=fault.skip - 1)
                    continue
                if fault.times == 1:
                    del self._waiting[place]
                elif fault.times is not None:
                    self._waiting[place] = replace(fault, times=fault.times - 1)
                return fault
        return None


def _instruction(command: bytes | bytearray) -> int | None:
    return command[_INSTRUCTION] if len(command) > _INSTRUCTION else None
