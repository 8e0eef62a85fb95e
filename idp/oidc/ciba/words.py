"""What an e-service may write on somebody's phone: its own words, plain, short and of one line.

They are shown in quotes as the e-service's, never as ours. What could look like a link, turn the
reading direction or fill the screen is refused, so that nobody is shown anything else than what
was sent (CIBA Core 7.1, ``binding_message``).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from idp.errors import INVALID_BINDING_MESSAGE, Refused

LONGEST: Final = 100
_MOST_SYMBOLS: Final = 4
_LINK: Final = re.compile(r"://|www\.|[^\s.]\.(?:com|net|org|eu|be|info|io)\b", re.IGNORECASE)
_REFUSED_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SYMBOLS: Final = frozenset({"So", "Sk", "Mn", "Me"})


def plain_words(text: str, *, longest: int = LONGEST) -> str:
    """Give the words as they will be shown, or refuse them; they are never changed.

    Raises:
        Refused: INVALID_BINDING_MESSAGE.
    """
    if not text.strip() or len(text) > longest:
        raise Refused(INVALID_BINDING_MESSAGE, "empty or too long")
    categories = [unicodedata.category(letter) for letter in text]
    if not _REFUSED_CATEGORIES.isdisjoint(categories):
        raise Refused(INVALID_BINDING_MESSAGE, "a control, bidi or unassigned character")
    if sum(one in _SYMBOLS for one in categories) > _MOST_SYMBOLS:
        raise Refused(INVALID_BINDING_MESSAGE, "too many symbols")
    if _LINK.search(unicodedata.normalize("NFKC", text)):
        raise Refused(INVALID_BINDING_MESSAGE, "something like a link")
    return text
