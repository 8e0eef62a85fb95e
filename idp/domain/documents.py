"""The kinds of identity document, as claims and registrations name them.

A word names one document, ``citizen``, ``kids-citizen``, or a title of residence such as
``foreigner-b`` and ``kids-foreigner-eu``; a kind names all documents of some holders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cardreader.beid.register import FIRST_CHILD, TITLES, DocumentType, Holder

if TYPE_CHECKING:
    from collections.abc import Iterable

_CITIZEN: Final = 1
_KID: Final = 6
KINDS: Final = ("citizen", "foreigner", "kids")
"""Adult Belgians, adult foreigners, and children under twelve of any nationality."""


def word_of(document: DocumentType) -> str:
    """Give the word for a verified document; a code without one is named by its number."""
    if document.code == _CITIZEN:
        return "citizen"
    if document.code == _KID:
        return "kids-citizen"
    child = "kids-" if document.holder is Holder.CHILD else ""
    return f"{child}foreigner-{(document.title or str(document.code)).lower()}"


WORDS: Final = tuple(
    dict.fromkeys(
        word_of(DocumentType(code=code))
        for code in (_CITIZEN, _KID, *sorted(TITLES, key=lambda code: (code >= FIRST_CHILD, code)))
    )
)
"""Every document that the issuer's list has."""


def is_accepted(word: str, accepted: Iterable[str]) -> bool:
    """Tell whether a registration's list lets a document in, by its word or by its kind.

    A document that we have no word for is of no kind: it is let in by an empty list alone.
    """
    wanted = frozenset(accepted)
    kind = word.partition("-")[0] if word in WORDS else ""
    return not wanted or word in wanted or kind in wanted
