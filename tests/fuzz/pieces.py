"""Several byte strings in one, and any bytes taken for such: what a fuzzer can cut and paste."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST: Final = 64
_LENGTH: Final = 2


def join(parts: Iterable[bytes]) -> bytes:
    """Each part after its length in two bytes."""
    return b"".join(len(part).to_bytes(_LENGTH) + part for part in parts)


def split(data: bytes) -> list[bytes]:
    """The parts of any bytes, 64 at most; a part that runs over the end is as long as it is."""
    parts: list[bytes] = []
    while data and len(parts) < _MOST:
        length = int.from_bytes(data[:_LENGTH])
        parts.append(data[_LENGTH : _LENGTH + length])
        data = data[_LENGTH + length :]
    return parts
