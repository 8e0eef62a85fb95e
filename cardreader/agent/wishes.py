"""What else a website asks of the card beside a signature, and what it says it needs that for.

The words for the files are ours; the reasons are the website's own, shown as quotations.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cardreader.agent.messages import MessageRefused
from cardreader.beid.carried import FileSet

if TYPE_CHECKING:
    from cardreader.agent.language import Language

MOST_REASONS: Final = 8
LONGEST_REASON: Final = 300
# Categories that a citizen cannot see or that reorder what is seen: Cf holds the bidi controls.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_WORDS: Final = {
    FileSet.IDENTITY: "file_identity",
    FileSet.ADDRESS: "file_address",
    FileSet.PHOTO: "file_photo",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """The sets of files to read, in our order, and the reasons in the website's words."""

    files: tuple[FileSet, ...] = ()
    reasons: tuple[str, ...] = ()

    def lines(self, words: Language) -> tuple[str, ...]:
        """What will be read, for the citizen."""
        return tuple(words.say(_WORDS[one]) for one in self.files)


def read_wish(files: object, reasons: object) -> Wish:
    """Take what a page or an extension asked: two lists of texts, each perhaps absent (None).

    The identity comes with every other set, so it is among what the citizen is told.

    Raises:
        MessageRefused: a set that we do not know or that stands twice, reasons without files, or a
            reason that is too long or hides a part of itself.
    """
    named = _texts(files)
    known = {one.value for one in FileSet}
    if not set(named) <= known or len(set(named)) != len(named):
        raise MessageRefused("files")
    said = _texts(reasons)
    if len(said) > MOST_REASONS or not all(_readable(text) for text in said):
        raise MessageRefused("reasons")
    if not named:
        if said:
            raise MessageRefused("reasons without files")
        return Wish()
    wanted = {FileSet.IDENTITY, *map(FileSet, named)}
    return Wish(files=tuple(one for one in FileSet if one in wanted), reasons=tuple(said))


def _texts(value: object) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise MessageRefused("a list of texts")
    return value


def _readable(text: str) -> bool:
    """Tell whether a citizen sees all of it; the caller refuses what hides something."""
    visible = not any(unicodedata.category(letter) in _UNSEEN for letter in text)
    return visible and bool(text.strip()) and len(text) <= LONGEST_REASON
