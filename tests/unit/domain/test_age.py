"""PII-19: how old somebody is, by the day in Brussels, and what a number may prove of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from cardreader.beid.birth import BirthDate
from cardreader.beid.numbers import make_bis_number, make_national_number
from idp.domain.age import day_of, reached, surely_younger

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def born(year: int, month: int | None = None, day: int | None = None) -> BirthDate:
    return BirthDate(year=year, month=month, day=day)


@pytest.mark.parametrize(
    ("at", "is_eighteen"),
    [
        (datetime(2026, 7, 29, 21, 59, tzinfo=UTC), False),
        (datetime(2026, 7, 29, 22, 0, tzinfo=UTC), True),
        (datetime(2026, 7, 30, 0, 0, tzinfo=UTC), True),
    ],
)
def test_a_summers_birthday_begins_at_ten_in_the_evening_of_utc(
    at: datetime, *, is_eighteen: bool
) -> None:
    assert reached(born(2008, 7, 30), 18, at=at) is is_eighteen


def test_a_winters_birthday_begins_at_eleven() -> None:
    eve = datetime(2026, 1, 14, 22, 59, tzinfo=UTC)
    assert reached(born(2014, 1, 15), 12, at=eve) is False
    assert reached(born(2014, 1, 15), 12, at=eve + timedelta(minutes=1)) is True
    assert day_of(eve) == date(2026, 1, 14)


def test_somebody_of_29_february_grows_older_on_1_march() -> None:
    leap = born(2008, 2, 29)
    assert reached(leap, 18, at=datetime(2026, 2, 28, 12, tzinfo=UTC)) is False
    assert reached(leap, 18, at=datetime(2026, 3, 1, 12, tzinfo=UTC)) is True
    assert reached(leap, 20, at=datetime(2028, 2, 29, 12, tzinfo=UTC)) is True


def test_an_unknown_day_leaves_an_age_open_until_every_day_gives_it() -> None:
    assert reached(born(2008), 18, at=NOON) is None
    assert reached(born(2007), 18, at=NOON) is True
    assert reached(born(2009), 18, at=NOON) is False
    assert reached(born(2008, 11), 18, at=NOON) is None
    assert reached(born(2008, 10), 18, at=NOON) is True
    assert reached(born(2008, 12), 18, at=NOON) is False


def test_a_number_of_a_child_proves_one() -> None:
    child = make_national_number(date(2018, 5, 9), 990)
    assert surely_younger(child, 18, at=NOON)
    assert not surely_younger(child, 8, at=NOON)
    bis = make_bis_number(date(2018, 5, 9), 990)
    assert surely_younger(bis, 18, at=NOON)
    assert surely_younger(make_bis_number(date(2018, 5, 9), 990, sex_known=False), 18, at=NOON)


def test_a_number_of_an_adult_proves_nothing() -> None:
    assert not surely_younger(make_national_number(date(1985, 7, 30), 33), 18, at=NOON)
    assert not surely_younger(make_national_number(date(1918, 5, 9), 990), 18, at=NOON)


@pytest.mark.parametrize("number", ["18009999000", "71715100070"])
def test_an_unknown_or_impossible_month_proves_nothing(number: str) -> None:
    assert not surely_younger(number, 65, at=NOON)
