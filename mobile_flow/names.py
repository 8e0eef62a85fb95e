"""A phone's name as screens may show it."""

from __future__ import annotations

import unicodedata
from typing import Final

from mobile_flow.errors import NameUnfit

_LONGEST_NAME: Final = 40


def plain_name(text: str) -> str:
    """Give a phone's name as screens may show it, one line of at most forty characters.

    Raises:
        NameUnfit: empty, longer, or with characters that are invisible or turn the line around.
    """
    name = " ".join(unicodedata.normalize("NFC", text[: 4 * _LONGEST_NAME]).split())
    if not 0 < len(name) <= _LONGEST_NAME or len(text) > 4 * _LONGEST_NAME:
        raise NameUnfit("empty or too long")
    if any(unicodedata.category(letter)[0] == "C" for letter in name):
        raise NameUnfit("characters that cannot be seen")
    return name
