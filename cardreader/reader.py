"""The port to a smart card: one essential verb, send bytes and receive bytes.

Three things stand behind it: a real reader (``pcsc``), the software card (``sim``) and a recorded
conversation (``sim.transcript``). Everything above speaks only to these two protocols.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from cardreader.errors import CardMute

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType


@runtime_checkable
class Connection(Protocol):
    """A powered card, held exclusively while the context is open."""

    atr: bytes

    def transmit(self, command: bytes | bytearray) -> bytes:
        """Send one command APDU, give back the response with its two status bytes.

        A buffer handed over is not kept. After `CardReset` the connection is usable again, with
        the card as after power-up.

        Raises:
            CardAbsent: the card left the reader.
            CardMute: no answer before the connection's deadline.
            CardReset: another program reset the card.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


@runtime_checkable
class Reader(Protocol):
    """A slot that may hold a card."""

    name: str

    def card_present(self) -> bool:
        """Tell whether a card is in the slot now."""
        ...

    def connect(self) -> Connection:
        """Power the card and take it.

        Raises:
            CardAbsent: the slot is empty.
            ReaderBusy: another program holds the card.
            ReaderUnavailable: the reader is gone.
        """
        ...


class ReaderSource(Protocol):
    """Where readers come from: they may appear late, and leave."""

    def readers(self) -> Sequence[Reader]:
        """List the readers that are there now; empty when none is."""
        ...


class Deadline:
    """A connection with a total time: once it is over, no further command is sent.

    An answer that is under way cannot be cut short here; the reader's own deadline ends that.
    """

    def __init__(
        self, connection: Connection, *, seconds: float, clock: Callable[[], float]
    ) -> None:
        """Start the time.

        Args:
            connection: the one to guard.
            seconds: the total, counted from now.
            clock: seconds that only rise, such as ``time.monotonic``.
        """
        self._connection = connection
        self._clock = clock
        self._end = clock() + seconds
        self.atr = connection.atr
        # A citizen who types on the reader has the reader's own time.
        self.pad = getattr(connection, "pad", None)

    def transmit(self, command: bytes | bytearray) -> bytes:
        """Send one command in time; raises `CardMute` when it is too late for it or its answer."""
        self._check()
        answer = self._connection.transmit(command)
        self._check()
        return answer

    def _check(self) -> None:
        if self._clock() >= self._end:
            raise CardMute("deadline")

    def __enter__(self) -> Self:
        self._connection.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.__exit__(kind, error, trace)
