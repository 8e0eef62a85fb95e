"""How old somebody surely is, on the day that it is in Brussels.

A birth date may lack its day or month: then the person has an age only once every day that it can
have been gives it. The register's number gives no age at all, but it may prove that somebody is
younger than a rule asks, and that is enough to refuse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from cardreader.beid.birth import BirthDate
from cardreader.beid.numbers import NationalNumber, centuries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

BRUSSELS: Final = ZoneInfo("Europe/Brussels")
_LAST_MONTH: Final = 12
_LAST_DAY: Final = 31
_MOVES: Final = (0, 20, 40)
"""What a number's month is moved by: nothing, or 20 or 40 in a BIS number."""


def day_of(at: datetime) -> date:
    """Give the day that it is in Brussels at a moment."""
    return at.astimezone(BRUSSELS).date()


def reached(born: BirthDate, years: int, *, at: datetime) -> bool | None:
    """Tell whether somebody has reached an age; ``None`` where the date of birth leaves it open.

    Born on 29 February, one grows older on 1 March of other years.
    """
    today = day_of(at)
    now = (today.year - years, today.month, today.day)
    latest = (born.year, born.month or _LAST_MONTH, born.day or _LAST_DAY)
    if latest <= now:
        return True
    return None if (born.year, born.month or 1, born.day or 1) <= now else False


def surely_younger(number: str, years: int, *, at: datetime) -> bool:
    """Tell whether every birth date that a national number allows is of somebody younger.

    A month of 00 says that the date is not known, or that the day's numbers were used up; another
    impossible one is a specimen's: they prove nothing (Belgian facts, section 7).
    """
    dates = tuple(_births(number))
    return bool(dates) and all(reached(born, years, at=at) is False for born in dates)


def _births(number: str) -> Iterator[BirthDate]:
    month, day = int(number[2:4]), int(number[4:6])
    for moved in _MOVES:
        if 1 <= month - moved <= _LAST_MONTH:
            for century in centuries(NationalNumber(number)):
                year = century + int(number[:2])
                yield BirthDate(year=year, month=month - moved, day=min(day, _LAST_DAY) or None)
