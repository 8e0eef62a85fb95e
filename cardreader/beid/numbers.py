"""The national register number and the card number, with their check digits.

A register number proves nothing about age or sex: those are read from the verified identity file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NewType

from cardreader.errors import CardDataMalformed

if TYPE_CHECKING:
    import datetime as dt

NationalNumber = NewType("NationalNumber", str)
CardNumber = NewType("CardNumber", str)

_ELEVEN: Final = re.compile(r"[0-9]{11}", re.ASCII)
_TWELVE: Final = re.compile(r"[0-9]{12}", re.ASCII)
_MODULUS: Final = 97
_SINCE_2000: Final = 2_000_000_000
_SERIALS: Final = range(1, 999)
_MONTHS: Final = range(13)


def national_number(text: str) -> NationalNumber:
    """Accept eleven digits whose check digits fit either century's rule.

    The date in it is not looked at: it may be unknown, used up, moved by 20 or 40 (BIS numbers), or
    impossible on purpose (specimens).

    Raises:
        CardDataMalformed: they do not. The error does not hold the text.
    """
    if _ELEVEN.fullmatch(text) is None or not _centuries(text):
        raise CardDataMalformed("national register number")
    return NationalNumber(text)


def centuries(number: NationalNumber) -> tuple[int, ...]:
    """The centuries that the check digits allow: 1900, 2000 or both."""
    return _centuries(number)


def register_of(number: NationalNumber) -> Literal["national", "bis"] | None:
    """Tell the register that gave the number, by its month; ``None`` where that says neither.

    A BIS number (for somebody who is in social security but not in the national register) adds 20
    to the month, or 40 when the sex was known; a month of 00 is an unknown one.
    """
    month = int(number[2:4])
    if month in _MONTHS:
        return "national"
    return "bis" if month - 20 in _MONTHS or month - 40 in _MONTHS else None


def _centuries(text: str) -> tuple[int, ...]:
    first, check = int(text[:9]), int(text[9:])
    return tuple(
        century
        for century, base in ((1900, first), (2000, _SINCE_2000 + first))
        if check == _MODULUS - base % _MODULUS
    )


def make_national_number(born: dt.date, serial: int) -> NationalNumber:
    """Make the number of a person born on a date; ``serial`` 1 to 998, odd for a man.

    Raises:
        ValueError: the serial is out of range.
    """
    return _number(f"{born:%y%m%d}", born.year, serial)


def _number(date: str, year: int, serial: int) -> NationalNumber:
    if serial not in _SERIALS:
        raise ValueError("serial")
    first = int(f"{date}{serial:03d}")
    base = first + (_SINCE_2000 if year >= 2000 else 0)  # noqa: PLR2004 - a year
    return NationalNumber(f"{first:09d}{_MODULUS - base % _MODULUS:02d}")


def make_bis_number(born: dt.date, serial: int, *, sex_known: bool = True) -> NationalNumber:
    """Make a BIS number: the month is moved by 40, or by 20 where the sex was not known.

    Raises:
        ValueError: the serial is out of range.
    """
    moved = born.month + (40 if sex_known else 20)
    return _number(f"{born:%y}{moved:02d}{born:%d}", born.year, serial)


def card_number(text: str) -> CardNumber:
    """Accept the twelve digits of a citizen's card; foreigners' cards carry other forms.

    Raises:
        CardDataMalformed: not twelve digits, or the check digits are wrong.
    """
    if _TWELVE.fullmatch(text) is None or text != make_card_number(text[:10]):
        raise CardDataMalformed("card number")
    return CardNumber(text)


def make_card_number(ten: str) -> CardNumber:
    """Add the two check digits to ten digits."""
    return CardNumber(f"{ten}{int(ten) % _MODULUS or _MODULUS:02d}")


def make_foreigner_card_number(seven: str) -> CardNumber:
    """Write ``B``, seven digits and two check digits, as foreigners' cards carry since 2020.

    That the last two are check digits like a citizen's is a guess.
    """
    return CardNumber(f"B{seven}{int(seven) % _MODULUS or _MODULUS:02d}")
