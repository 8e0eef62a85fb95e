"""Put a software card into pcscd, through the virtual reader of vsmartcard (its ``vpcd`` driver).

The driver listens; we connect and are the card. Each message is two bytes of length and a body: one
byte is an order (power, reset, answer to reset), anything longer is a command.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Final, Self

from cardreader.errors import CardMute, ReaderUnavailable

if TYPE_CHECKING:
    from types import TracebackType

    from cardreader.sim.card import SoftCard

PORT: Final = 0x8C7B
_POWER_OFF: Final = 0x00
_POWER_ON: Final = 0x01
_RESET: Final = 0x02
_GET_ATR: Final = 0x04
_CONNECT_SECONDS: Final = 5.0


class VirtualSlot:
    """A card in the virtual reader from entering the context to leaving it.

    A thread of its own answers the driver. Leaving closes the line, which the driver shows as a
    pulled card; the card's power is gone then.
    """

    def __init__(self, card: SoftCard, *, host: str = "127.0.0.1", port: int = PORT) -> None:
        """Connect to the driver.

        Raises:
            ReaderUnavailable: nothing listens there.
        """
        self._card = card
        try:
            self._line = socket.create_connection((host, port), timeout=_CONNECT_SECONDS)
        except OSError as error:
            raise ReaderUnavailable(f"no virtual reader at {host}:{port}") from error
        self._line.settimeout(None)
        self._thread = threading.Thread(target=self._serve, name="virtual-slot", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pull()

    def pull(self) -> None:
        """Take the card out, in the middle of a command if there is one."""
        with contextlib.suppress(OSError):  # the driver may have been faster
            self._line.shutdown(socket.SHUT_RDWR)
        self._thread.join(_CONNECT_SECONDS)
        self._line.close()

    def _serve(self) -> None:
        # A cut line is how a card leaves.
        with contextlib.suppress(OSError), self._line:
            serve(self._card, self._line)
        self._card.power_off()


def serve(card: SoftCard, line: socket.socket) -> None:
    """Be the card at the end of a connected line until the other end closes it.

    Raises:
        OSError: the line broke.
    """
    while True:
        length = _exactly(line, 2)
        if length is None:
            return
        body = _exactly(line, int.from_bytes(length, "big"))
        if body is None:
            return
        answer = _answer(card, body)
        if answer is not None:
            line.sendall(len(answer).to_bytes(2, "big") + answer)


def _answer(card: SoftCard, body: bytes) -> bytes | None:
    if len(body) != 1:
        try:
            return card.transmit(body)
        except CardMute:
            return b""
    order = body[0]
    if order == _GET_ATR:
        return card.atr
    if order in (_POWER_ON, _RESET):
        card.power_on()
    elif order == _POWER_OFF:
        card.power_off()
    return None


def _exactly(line: socket.socket, count: int) -> bytes | None:
    """Read so many bytes, or None when the line ends before."""
    collected = bytearray()
    while len(collected) < count:
        part = line.recv(count - len(collected))
        if not part:
            return None
        collected += part
    return bytes(collected)
