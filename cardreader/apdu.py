"""Commands to a smart card and its answers (ISO/IEC 7816-4), with every loop bounded.

A command that may carry a PIN is marked by its instruction: its data is never in a repr or a trace,
it is never sent twice by itself, and the bytes that were sent are wiped afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

from cardreader.errors import ApduRefused, CardProtocolError

OK: Final = 0x9000
MOST_ROUNDS: Final = 64
MOST_BYTES: Final = 65_536

VERIFY: Final = 0x20
CHANGE_REFERENCE_DATA: Final = 0x24
RESET_RETRY_COUNTER: Final = 0x2C
GET_RESPONSE: Final = 0xC0
SECRET_INSTRUCTIONS: Final = frozenset({VERIFY, CHANGE_REFERENCE_DATA, RESET_RETRY_COUNTER})

_HEADER: Final = 4
_BYTE: Final = range(0x100)
_LONGEST_DATA: Final = 255
_LONGEST_LE: Final = 256
_MORE: Final = 0x61
_OTHER_LE: Final = 0x6C


class Transmits(Protocol):
    """As much of a card connection as an exchange needs: a `Connection` is one."""

    def transmit(self, command: bytes | bytearray) -> bytes:
        """Send one command, give back the data and the two status bytes."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One short command APDU.

    Attributes:
        data: at most 255 bytes; a ``bytearray`` where the caller wants to wipe it afterwards.
        le: how many bytes are expected, 1 to 256; None for no Le field, as T=0 wants it for a
            command that also carries data.

    Raises:
        ValueError: a field does not fit.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes | bytearray = field(default=b"", repr=False)
    le: int | None = None

    def __post_init__(self) -> None:
        if any(byte not in _BYTE for byte in (self.cla, self.ins, self.p1, self.p2)):
            raise ValueError("header byte")
        if len(self.data) > _LONGEST_DATA:
            raise ValueError("data too long")
        if self.le is not None and not 1 <= self.le <= _LONGEST_LE:
            raise ValueError("Le")

    @property
    def secret(self) -> bool:
        """Whether its data may be a PIN."""
        return self.ins in SECRET_INSTRUCTIONS

    def encode(self, *, le: int | None = None) -> bytearray:
        """The bytes to send, in a buffer that can be wiped; ``le`` replaces the command's own."""
        frame = bytearray((self.cla, self.ins, self.p1, self.p2))
        if self.data:
            frame.append(len(self.data))
            frame += self.data
        wanted = self.le if le is None else le
        if wanted is not None:
            frame.append(wanted & 0xFF)
        return frame

    def __bytes__(self) -> bytes:
        return bytes(self.encode())


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """What a card answered: data and the status word."""

    data: bytes = field(repr=False)
    status: int

    @classmethod
    def parse(cls, raw: bytes) -> Response:
        """Split a raw answer.

        Raises:
            CardProtocolError: it has no status word, or is longer than 64 kB.
        """
        if not 2 <= len(raw) <= MOST_BYTES + 2:  # noqa: PLR2004 - a status word has two bytes
            raise CardProtocolError("length of an answer")
        return cls(data=raw[:-2], status=int.from_bytes(raw[-2:], "big"))


def exchange(connection: Transmits, command: Command) -> bytes:
    """Send a command and give back all of its data, fetched with GET RESPONSE where told to.

    Handles ``61xx`` and ``6Cxx`` (ISO/IEC 7816-3, T=0), or leaves them to a reader that does so
    itself: at most 64 rounds and 64 kB. A command that may carry a PIN is sent once.

    Raises:
        ApduRefused: any status other than 9000.
        CardProtocolError: more data than was asked for, or no end of it.
        CardError: what ``connection`` raises.
    """
    response = _send(connection, command, le=command.le)
    collected = bytearray(response.data)
    fetch = Command(cla=0x00, ins=GET_RESPONSE, p1=0x00, p2=0x00)
    current = command
    for _ in range(MOST_ROUNDS):
        first, second = divmod(response.status, 0x100)
        if first == _MORE:
            current = fetch
        elif first != _OTHER_LE or current.secret:
            break
        response = _send(connection, current, le=second or _LONGEST_LE)
        collected += response.data
        if len(collected) > MOST_BYTES:
            raise CardProtocolError("too much data")
    else:
        raise CardProtocolError("an answer without end")
    if response.status != OK:
        raise ApduRefused(response.status)
    return bytes(collected)


def _send(connection: Transmits, command: Command, *, le: int | None) -> Response:
    frame = command.encode(le=le)
    try:
        response = Response.parse(connection.transmit(frame))
    finally:
        if command.secret:
            wipe(frame)
    if le is not None and len(response.data) > le:
        raise CardProtocolError("more data than asked for")
    return response


def wipe(buffer: bytearray) -> None:
    """Overwrite a buffer that held a secret."""
    buffer[:] = bytes(len(buffer))


def masked(command: bytes | bytearray) -> str:
    """A command as hexadecimal text for a trace: the data of a PIN command is shown as ``**``."""
    if len(command) > _HEADER and command[1] in SECRET_INSTRUCTIONS:
        return bytes(command[: _HEADER + 1]).hex() + "**" * (len(command) - _HEADER - 1)
    return bytes(command).hex()
