"""A software reader: cards go in and out, and what goes wrong in the world goes wrong on order.

Faults (``sim.faults``) are scripted by command; a reset is one by another program, and a slow
answer is slow by the caller's own clock.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from cardreader.errors import CardAbsent, CardMute, CardReset, ReaderBusy, ReaderUnavailable
from cardreader.sim.faults import Script, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from cardreader.reader import Reader
    from cardreader.sim.card import SoftCard
    from cardreader.sim.faults import Fault


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
        self._script = Script()
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
        """Let these go wrong, in any order that their commands come; what waited is forgotten."""
        with self._lock:
            self._script = Script(*faults)

    def card_present(self) -> bool:
        """Tell whether a card is in the slot now."""
        return self._card is not None

    def connect(self) -> SimConnection:
        """Power the card and take it for this caller alone.

        Raises:
            CardAbsent: the slot is empty.
            ReaderBusy: somebody else holds the card.
        """
        with self._lock:
            if self._holder is not None:
                raise ReaderBusy
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
            fault = self._script.strike(command)
            trouble = fault.trouble if fault else None
            if trouble is Trouble.PULLED:
                self.remove()
            if self._card is not card:
                raise CardAbsent
            if trouble is Trouble.MUTE:
                raise CardMute
            if trouble is Trouble.RESET:
                card.power_on()
                raise CardReset
            if fault and trouble is Trouble.SLOW and self._pause is not None:
                self._pause(fault.seconds)
            answer = card.transmit(command)
            if trouble is Trouble.PULLED_AFTER:
                self.remove()
                raise CardAbsent
            return fault.answer if fault and trouble is Trouble.GARBAGE else answer

    def release(self, connection: SimConnection) -> None:
        """Give the card back without power; for `SimConnection` alone."""
        with self._lock:
            if self._holder is connection:
                self._holder = None
                if self._card is connection.card:
                    connection.card.power_off()


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
