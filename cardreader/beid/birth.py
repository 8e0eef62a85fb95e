"""The date of birth as the card writes it: a day, a word for the month in one of three languages.

Day and month may be unknown; the word sets do not collide, so the language need not be told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal

from cardreader.errors import CardDataMalformed

Language = Literal["fr", "nl", "de"]

MONTHS: Final[dict[Language, tuple[str, ...]]] = {
    "fr": (
        *("JAN", "FEV", "MARS", "AVR", "MAI", "JUIN"),
        *("JUIL", "AOUT", "SEPT", "OCT", "NOV", "DEC"),
    ),
    "nl": (
        *("JAN", "FEB", "MAAR", "APR", "MEI", "JUN"),
        *("JUL", "AUG", "SEP", "OKT", "NOV", "DEC"),
    ),
    "de": (
        *("JAN", "FEB", "MÄR", "APR", "MAI", "JUN"),
        *("JUL", "AUG", "SEP", "OKT", "NOV", "DEZ"),
    ),
}
_NUMBER: Final[dict[str, int]] = {
    word: number for words in MONTHS.values() for number, word in enumerate(words, start=1)
}
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_YEAR: Final = re.compile(r"[0-9]{4}", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{1,2}", re.ASCII)
_SEPARATORS: Final = re.compile(r"[ .]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class BirthDate:
    """A date of birth; month and day are None where the register does not know them."""

    year: int = field(repr=False)
    month: int | None = field(repr=False)
    day: int | None = field(repr=False)


def parse_birth_date(text: str) -> BirthDate:
    """Read ``DD mmm YYYY`` or ``DD.mmm.YYYY``; extra spaces and missing parts are tolerated.

    Raises:
        CardDataMalformed: no year at the end, an unknown word, a day that no month has. The error
            does not hold the text.
    """
    if _YEAR.fullmatch(text[-4:]) is None:
        raise CardDataMalformed("year of birth")
    day: int | None = None
    month: int | None = None
    for part in filter(None, _SEPARATORS.split(text[:-4])):
        if part in _NUMBER and month is None:
            month = _NUMBER[part]
        elif _DAY.fullmatch(part) is not None and day is None and month is None:
            day = int(part) or None
        else:
            raise CardDataMalformed("date of birth")
    if day is not None and day > (31 if month is None else _DAYS[month - 1]):
        raise CardDataMalformed("day of birth")
    return BirthDate(year=int(text[-4:]), month=month, day=day)


def write_birth_date(year: int, month: int, day: int, *, language: Language) -> str:
    """Write a whole date as a card of this language does."""
    separator = "." if language == "de" else " "
    return separator.join((f"{day:02d}", MONTHS[language][month - 1], f"{year:04d}"))
