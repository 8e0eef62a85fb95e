"""The PIN typed on a reader's own keys: what the reader is told, in PC/SC's own structures.

The reader fills the PIN into the card's block itself and sends the command; only the card's status
comes back. The layout is that of PC/SC part 10, in little-endian order.
"""

from __future__ import annotations

import struct
from typing import Final, Protocol

from cardreader.beid import cards
from cardreader.beid.pin import LONGEST, SHORTEST

_SECONDS: Final = 30
# Whole bytes; digits two to a byte, left justified, one byte after the command's header.
_FORMAT: Final = 0x89
# The number of digits is written into four bits; the digits have seven bytes.
_BLOCK: Final = 0x47
# ...and those four bits stand four bits into the data.
_LENGTH: Final = 0x04
_DIGITS: Final = SHORTEST << 8 | LONGEST
_UNTIL_CONFIRMED: Final = 0x02
_OLD_AND_NEW_TWICE: Final = 0x03
_ONE_MESSAGE: Final = 0x01
_THREE_MESSAGES: Final = 0x03
_EMPTY: Final = bytes((0x20, *([0xFF] * 7)))
_LANGUAGES: Final = {"nl": 0x0813, "fr": 0x080C, "de": 0x0407, "en": 0x0409}


class Pad(Protocol):
    """A reader's keys: it takes one of our structures and gives the card's two status bytes."""

    @property
    def modifies(self) -> bool:
        """Whether it can also ask for a new PIN."""
        ...

    def verify(self, structure: bytes) -> bytes:
        """Let the citizen type the PIN; raises as ``cardreader.reader.Connection.transmit``."""
        ...

    def modify(self, structure: bytes) -> bytes:
        """Let the citizen type the old PIN and the new one twice; raises as `verify`."""
        ...


def verification(language: str = "en") -> bytes:
    """What makes the reader ask for the PIN, and send VERIFY with it."""
    command = bytes((0x00, 0x20, 0x00, cards.PIN_REFERENCE, len(_EMPTY))) + _EMPTY
    head = struct.pack(
        "<BBBBBHBBHB3xI",
        *(_SECONDS, _SECONDS, _FORMAT, _BLOCK, _LENGTH, _DIGITS),
        *(_UNTIL_CONFIRMED, _ONE_MESSAGE, _LANGUAGES.get(language, _LANGUAGES["en"]), 0),
        len(command),
    )
    return head + command


def modification(language: str = "en") -> bytes:
    """What makes the reader ask old and new PIN, and send CHANGE REFERENCE DATA with both."""
    both = _EMPTY + _EMPTY
    command = bytes((0x00, 0x24, 0x00, cards.PIN_REFERENCE, len(both))) + both
    head = struct.pack(
        "<BBBBBBBHBBBHBBB3xI",
        *(_SECONDS, _SECONDS, _FORMAT, _BLOCK, _LENGTH),
        *(0, len(_EMPTY), _DIGITS, _OLD_AND_NEW_TWICE, _UNTIL_CONFIRMED, _THREE_MESSAGES),
        *(_LANGUAGES.get(language, _LANGUAGES["en"]), 0, 1, 2),
        len(command),
    )
    return head + command
