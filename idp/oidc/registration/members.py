"""Typed reading of a registration's members, whether they came from TOML, JSON or options.

Every verb gives a value or ``None``; a value of the wrong form is noted as a fault and then treated
as absent, so that reading goes on and finds the other faults too.
"""

from __future__ import annotations

import difflib
import unicodedata
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from idp.oidc.registration.faults import Faults

_Word = TypeVar("_Word", bound=StrEnum)
LANGUAGES: Final = ("nl", "fr", "de", "en")
# Categories that a citizen cannot see or that reorder what is seen: Cf holds the bidi controls.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class Members:
    """One table of members; ``path`` names it in faults (empty for the registration itself)."""

    __slots__ = ("_path", "_values", "faults")

    def __init__(self, values: Mapping[str, object], faults: Faults, *, path: str = "") -> None:
        self._values = values
        self._path = path
        self.faults = faults

    def named(self, name: str) -> str:
        """Give the full name of a member."""
        return f"{self._path}.{name}" if self._path else name

    def fault(self, name: str, says: str) -> None:
        """Note a fault in a member."""
        self.faults.add(self.named(name), says)

    def raw(self, name: str) -> object:
        """Give the value as it came; an absent one and a JSON null are both ``None``."""
        return self._values.get(name)

    def only(self, known: Iterable[str], *, explained: Mapping[str, str]) -> None:
        """Refuse members that are not ``known``, by an explanation or the nearest right name."""
        names = tuple(known)
        for given in self._values:
            plain, _, tag = given.partition("#")
            if given in names or (tag and f"{plain}#" in names):
                continue
            near = difflib.get_close_matches(plain, names, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0].rstrip('#')}?" if near else ""
            self.fault(given, explained.get(given, f"there is no such member{hint}"))

    def text(self, name: str, *, longest: int = 200) -> str | None:
        """Give a text of 1 to ``longest`` characters, all of them visible."""
        value = self.raw(name)
        if value is None:
            return None
        said = _text_fault(value, longest)
        if said:
            self.fault(name, said)
            return None
        return str(value)

    def texts(self, name: str, *, most: int, longest: int) -> tuple[str, ...] | None:
        """Give a list of at most ``most`` different texts."""
        value = self.raw(name)
        if value is None:
            return None
        if not isinstance(value, (list, tuple)):
            self.fault(name, 'write a list, such as ["one", "two"]')
            return None
        if len(value) > most:
            self.fault(name, f"at most {most} entries, not {len(value)}")
            return None
        kept: list[str] = []
        for place, item in enumerate(value):
            said = _text_fault(item, longest)
            if said:
                self.fault(f"{name}[{place}]", said)
            elif item in kept:
                self.fault(f"{name}[{place}]", "this entry is there already; leave one out")
            else:
                kept.append(str(item))
        return tuple(kept)

    def words(self, name: str, *, most: int = 40) -> tuple[str, ...] | None:
        """Give words: one text with spaces between, as in RFC 7591, or a list."""
        value = self.raw(name)
        if isinstance(value, str):
            return Members({name: value.split()}, self.faults, path=self._path).texts(
                name, most=most, longest=100
            )
        return self.texts(name, most=most, longest=100)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Give true or false."""
        value = self.raw(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault(name, "write true or false")
            return default
        return value

    def choice(self, name: str, default: _Word) -> _Word:
        """Give one of the words of the default's kind."""
        kind = type(default)
        value = self.raw(name)
        if value is None:
            return default
        for word in kind:
            if value == word.value:
                return word
        self.fault(name, f"write {' or '.join(one.value for one in kind)}")
        return default

    def whole(self, name: str, *, least: int, most: int) -> int | None:
        """Give a whole number between two bounds."""
        value = self.raw(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.fault(name, f"write a whole number from {least} to {most}")
            return None
        return value

    def moment(self, name: str) -> datetime | None:
        """Give a time in UTC; a day alone means its first moment in UTC."""
        value = self.raw(name)
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                value = object()
            if isinstance(value, datetime) and len(str(self.raw(name))) == len("2027-01-31"):
                value = value.replace(tzinfo=UTC)
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time(), tzinfo=UTC)
        if value is None:
            return None
        if not isinstance(value, datetime) or value.tzinfo is None:
            self.fault(name, "write a day (2027-01-31) or a time with its zone (…T12:00:00Z)")
            return None
        return value.astimezone(UTC)

    def by_language(self, name: str, *, longest: int) -> dict[str, str]:
        """Give a text by language, from a table or from tagged members (RFC 7591 section 2.2).

        A single text without a language is the English one.
        """
        value = self.raw(name)
        table: dict[str, object] = {}
        if isinstance(value, str):
            table["en"] = value
        elif isinstance(value, dict):
            table.update(value)
        elif value is not None:
            self.fault(name, 'write a table of languages, such as { nl = "…", en = "…" }')
        for given, text in self._values.items():
            plain, _, tag = given.partition("#")
            if tag and plain == name:
                table[tag] = text
        kept: dict[str, str] = {}
        for language, text in table.items():
            said = _text_fault(text, longest)
            if language not in LANGUAGES:
                self.fault(name, f"the languages are {', '.join(LANGUAGES)}")
            elif said:
                self.fault(f"{name}.{language}", said)
            else:
                kept[language] = str(text)
        return {language: kept[language] for language in LANGUAGES if language in kept}


def _text_fault(value: object, longest: int) -> str | None:
    if not isinstance(value, str):
        return "write a text between quotes"
    if not value.strip():
        return "this is empty; write something or leave it out"
    if len(value) > longest:
        return f"at most {longest} characters, not {len(value)}"
    if any(unicodedata.category(letter) in _UNSEEN for letter in value):
        return "there is a control or invisible character in it; type it again by hand"
    return None
