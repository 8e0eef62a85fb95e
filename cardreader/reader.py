"""The port to a smart card: one essential verb, send bytes and receive bytes.

Three things stand behind it: a real reader (``pcsc``), the software card (``sim``) and a recorded
conversation (``sim.transcript``). Everything above speaks only to these two protocols.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence
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
            ReaderUnavailable: the reader is gone.
        """
        ...


class ReaderSource(Protocol):
    """Where readers come from: they may appear late, and leave."""

    def readers(self) -> Sequence[Reader]:
        """List the readers that are there now; empty when none is."""
        ...
