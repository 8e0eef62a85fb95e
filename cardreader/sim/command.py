"""A command as a T=0 card receives it: five header bytes, then data in one direction only.

The instruction decides whether the fifth byte announces data that comes or data that is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

_HEADER: Final = 4
_WITH_P3: Final = 5
_FULL: Final = 256
# READ BINARY, READ RECORD, GET RESPONSE, GET CARD DATA, GET CHALLENGE
OUTGOING: Final = frozenset({0xB0, 0xB2, 0xC0, 0xE4, 0x84})


class Status(Exception):
    """The command ends with this status word instead of 9000, with or without data before it."""

    def __init__(self, code: int, data: bytes = b"") -> None:
        super().__init__(f"{code:04X}")
        self.code = code
        self.data = data


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """One command.

    Attributes:
        data: what came with it; None where its length contradicts the fifth byte.
        p3: the fifth byte, 0 where it is missing.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    p3: int
    data: bytes | None = field(repr=False)

    @classmethod
    def parse(cls, command: bytes | bytearray) -> Frame:
        """Read a command of at least four bytes; a trailing Le, which T=0 cannot carry, is dropped.

        Raises:
            Status: 6700, there is no whole header.
        """
        if len(command) < _HEADER:
            raise Status(0x6700)
        cla, ins, p1, p2 = command[:_HEADER]
        p3 = command[_HEADER] if len(command) > _HEADER else 0
        body = bytes(command[_WITH_P3:])
        data: bytes | None
        if ins in OUTGOING:
            data = None if body else b""
        else:
            data = body[:p3] if len(body) in (p3, p3 + 1 if p3 else p3) else None
        return cls(cla=cla, ins=ins, p1=p1, p2=p2, p3=p3, data=data)

    @property
    def wanted(self) -> int:
        """How many bytes are asked for, 1 to 256."""
        return self.p3 or _FULL

    def at(self, p1: int, p2: int) -> bool:
        """Whether the parameters are these."""
        return (self.p1, self.p2) == (p1, p2)
