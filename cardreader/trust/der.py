"""As much of DER (X.690) as it takes to find a part in bytes that another reader has accepted."""

from __future__ import annotations

from typing import Final

LONG: Final = 0x80
_MOST_LENGTH_BYTES: Final = 4


def element(der: bytes, at: int, end: int) -> tuple[int, int, int]:
    """The tag, the begin and the end of the content of the element at a place.

    Raises:
        ValueError, IndexError: there is none that ends in time.
    """
    length, begin = der[at + 1], at + 2
    if length >= LONG:
        size = length - LONG
        if not 1 <= size <= _MOST_LENGTH_BYTES:
            raise ValueError("length")
        length, begin = int.from_bytes(der[begin : begin + size]), begin + size
    if begin + length > end:
        raise ValueError("over the end")
    return der[at], begin, begin + length


def signed_part(der: bytes) -> tuple[tuple[int, int], bytes]:
    """Of a signed structure: where its signed part stands, and the algorithm named beside it."""
    _, begin, end = element(der, 0, len(der))
    if end != len(der):
        raise ValueError("something after it")
    _, _, after = element(der, begin, end)
    _, _, beyond = element(der, after, end)
    return (begin, after), der[after:beyond]
