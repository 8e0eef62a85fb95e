"""A software reader: cards go in and out, and what goes wrong in the world goes wrong on order.

A fault is scripted for one command: the card is pulled before or after it, stays mute, is reset by
another program, or answers slowly by the caller's own clock.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Self

from cardreader.errors import CardAbsent, CardMute, CardReset, ReaderUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from cardreader.reader import Reader
    from cardreader.sim.card import SoftCard


class Trouble(Enum):
    """What happens at a scripted command."""

    PULLED = "pulled"  # before the card sees the command
    PULLED_AFTER = "pulled after"  # the card has done it; the answer is lost
    MUTE = "mute"
    RESET = "reset"
    SLOW = "slow"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing to go wrong, once.

    Attributes:
        ins: the instruction it waits for; None for any.
        skip: how many such commands pass unharmed before.
        seconds: how long a `Trouble.SLOW` answer takes.
    """

    trouble: Trouble
    ins: int | None = None
    skip: int = 0
    seconds: float = 0.0


class SimReader:
    """A reader with one slot. `insert` and `remove` may be called by another thread."""

    def __init__(self, name: str, *, pause: Callable[[float], None] | None = None) -> None:
        """Make an empty reader.

        Args:
            name: as a program shows it.
            pause: called with the seconds of a slow answer: moves the test's clock.
        """
        self.name = name
        self._pause = pause
        self._lock = threading.RLock()
        self._card: SoftCard | None = None
        self._faults: list[Fault] = []
        self._holder: SimConnection | None = None

    def insert(self, card: SoftCard) -> None:
        """Put a card in; one that was there is pulled first."""
        with self._lock:
            self.remove()
            self._card = card

    def remove(self) -> None:
        """Pull the card, whatever it is doing; nothing where none is in."""
        with self._lock:
            if self._card is not None:
                self._card.power_off()
            self._card = None

    def script(self, *faults: Fault) -> None:
        """Let these go wrong, each once, in any order that their commands come."""
        with self._lock:
            self._faults = list(faults)

    def card_present(self) -> bool:
        """Tell whether a card is in the slot now."""
        return self._card is not None

    def connect(self) -> SimConnection:
        """Power the card and take it for this caller alone.

        Raises:
            CardAbsent: the slot is empty.
            ReaderUnavailable: somebody else holds the card.
        """
        with self._lock:
            if self._holder is not None:
                raise ReaderUnavailable("in use by another program")
            if self._card is None:
                raise CardAbsent
            self._holder = SimConnection(self, self._card, self._card.power_on())
            return self._holder

    def exchange(self, connection: SimConnection, command: bytes | bytearray) -> bytes:
        """Carry one command to the card of a connection; for `SimConnection` alone."""
        with self._lock:
            card = connection.card
            if self._holder is not connection:
                raise ReaderUnavailable("the connection is closed")
            trouble = self._trouble(command)
            if trouble is Trouble.PULLED:
                self.remove()
            if self._card is not card:
                raise CardAbsent
            if trouble is Trouble.MUTE:
                raise CardMute
            if trouble is Trouble.RESET:
                card.power_on()
                raise CardReset
            answer = card.transmit(command)
            if trouble is Trouble.PULLED_AFTER:
                self.remove()
                raise CardAbsent
            return answer

    def release(self, connection: SimConnection) -> None:
        """Give the card back without power; for `SimConnection` alone."""
        with self._lock:
            if self._holder is connection:
                self._holder = None
                if self._card is connection.card:
                    connection.card.power_off()

    def _trouble(self, command: bytes | bytearray) -> Trouble | None:
        for place, fault in enumerate(self._faults):
            if fault.ins is not None and (len(command) < 2 or command[1] != fault.ins):  # noqa: PLR2004 - header
                continue
            if fault.skip:
                self._faults[place] = Fault(
                    trouble=fault.trouble,
                    ins=fault.ins,
                    skip=fault.skip - 1,
                    seconds=fault.seconds,
                )
                continue
            del self._faults[place]
            if fault.trouble is Trouble.SLOW and self._pause is not None:
                self._pause(fault.seconds)
            return fault.trouble
        return None


class SimConnection:
    """A powered software card, held by one caller."""

    def __init__(self, reader: SimReader, card: SoftCard, atr: bytes) -> None:
        self._reader = reader
        self.card = card
        self.atr = atr

    def transmit(self, command: bytes | bytearray) -> bytes:
        """Send one command; raises as ``cardreader.reader.Connection`` says."""
        return self._reader.exchange(self, command)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._reader.release(self)


class SimReaders:
    """A `ReaderSource` of software readers, which may come and go."""

    def __init__(self, *readers: Reader) -> None:
        self._readers = list(readers)

    def readers(self) -> Sequence[Reader]:
        """The readers that are plugged in."""
        return tuple(self._readers)

    def plug(self, reader: Reader) -> None:
        """Let a reader appear."""
        self._readers.append(reader)

    def unplug(self, reader: Reader) -> None:
        """Let a reader vanish."""
        self._readers.remove(reader)
