"""The PIN on its way to the card: eight bytes in a buffer that is wiped after one use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cardreader.errors import PinMalformed

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST: Final = 4
LONGEST: Final = 12
_BLOCK: Final = 8
_FORMAT: Final = 0x20
_FILLER: Final = 0x0F
_ZERO: Final = ord("0")
_DIGITS: Final = range(_ZERO, _ZERO + 10)


def pin_block(pin: str | bytearray) -> bytearray:
    """Write a PIN of 4 to 12 ASCII digits as the card wants it (GlobalPlatform format 2).

    The caller wipes the result. A PIN given as ``bytearray`` leaves no other copy behind; a ``str``
    cannot be wiped, and dies with its last reference.

    Raises:
        PinMalformed: it is not 4 to 12 digits. The error does not hold it.
    """
    if not SHORTEST <= len(pin) <= LONGEST:
        raise PinMalformed
    block = bytearray((_FORMAT | len(pin), *([_FILLER << 4 | _FILLER] * (_BLOCK - 1))))
    codes: Iterable[int] = map(ord, pin) if isinstance(pin, str) else pin
    for place, code in enumerate(codes):
        if code not in _DIGITS:
            block[:] = bytes(_BLOCK)
            raise PinMalformed
        at, shift = 1 + place // 2, 0 if place % 2 else 4
        block[at] = block[at] & ~(_FILLER << shift) & 0xFF | (code - _ZERO) << shift
    return block
