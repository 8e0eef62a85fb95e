"""Put a software card into pcscd, through the virtual reader of vsmartcard (its ``vpcd`` driver).

The driver listens; we connect and are the card. Each message is two bytes of length and a body: one
byte is an order (power, reset, answer to reset), anything longer is a command. Faults happen on the
line: a pulled card breaks it, a mute one sends no status word, a reset one has forgotten everything
and nobody is told.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Final, Self

from cardreader.errors import CardMute, ReaderUnavailable
from cardreader.sim.faults import Script, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from cardreader.sim.card import SoftCard

PORT: Final = 0x8C7B
_POWER_OFF: Final = 0x00
_POWER_ON: Final = 0x01
_RESET: Final = 0x02
_GET_ATR: Final = 0x04
_CONNECT_SECONDS: Final = 5.0
# The driver knows no word for silence, and waits for ever for an answer that is empty or missing.
_SILENCE: Final = b"\x00"


class VirtualSlot:
    """A card in the virtual reader from entering the context to leaving it.

    A thread of its own answers the driver. Leaving closes the line, which the driver shows as a
    pulled card; the card's power is gone then.
    """

    def __init__(
        self,
        card: SoftCard,
        *,
        host: str = "127.0.0.1",
        port: int = PORT,
        script: Script | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Connect to the driver.

        Args:
            card: the card to be.
            host: where the driver listens.
            port: idem.
            script: what goes wrong; nothing where None.
            pause: called with the seconds of a slow answer.

        Raises:
            ReaderUnavailable: nothing listens there.
        """
        self._card = card
        self._script = script or Script()
        self._pause = pause
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
            serve(self._card, self._line, script=self._script, pause=self._pause)
        self._card.power_off()


def serve(
    card: SoftCard,
    line: socket.socket,
    *,
    script: Script | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Be the card at the end of a connected line until the other end closes it.

    Raises:
        OSError: the line broke, or a scripted fault broke it.
    """
    planned = script or Script()
    while True:
        length = _exactly(line, 2)
        if length is None:
            return
        body = _exactly(line, int.from_bytes(length, "big"))
        if body is None:
            return
        order = body[0] if len(body) == 1 else None
        answer = _transmit(card, body, planned, pause) if order is None else _obey(card, order)
        if answer is not None:
            line.sendall(len(answer).to_bytes(2, "big") + answer)


def _transmit(
    card: SoftCard, command: bytes, script: Script, pause: Callable[[float], None]
) -> bytes:
    fault = script.strike(command)
    trouble = fault.trouble if fault else None
    if trouble is Trouble.PULLED:
        raise ConnectionAbortedError("pulled")
    if trouble is Trouble.MUTE:
        return _SILENCE
    if trouble is Trouble.RESET:
        card.power_on()
    if fault and trouble is Trouble.SLOW:
        pause(fault.seconds)
    try:
        answer = card.transmit(command)
    except CardMute:
        return _SILENCE
    if trouble is Trouble.PULLED_AFTER:
        raise ConnectionAbortedError("pulled")
    return (fault.answer or _SILENCE) if fault and trouble is Trouble.GARBAGE else answer


def _obey(card: SoftCard, order: int) -> bytes | None:
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
        _hurry(line)
        part = line.recv(count - len(collected))
        if not part:
            return None
        collected += part
    return bytes(collected)


def _hurry(line: socket.socket) -> None:
    """Acknowledge at once: the driver sends length and body apart, and waits in between.

    Without it (Linux alone knows it) each command lasts 40 ms longer.
    """
    quick = getattr(socket, "TCP_QUICKACK", None)
    if quick is not None:
        with contextlib.suppress(OSError):
            line.setsockopt(socket.IPPROTO_TCP, quick, 1)
