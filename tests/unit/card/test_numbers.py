"""Which register gave a number."""

from __future__ import annotations

import pytest

from cardreader.beid.numbers import NationalNumber, register_of


@pytest.mark.parametrize(
    ("number", "register"),
    [
        ("85073003328", "national"),
        ("40000095579", "national"),
        ("85273003328", "bis"),
        ("85473003328", "bis"),
        ("85203003328", "bis"),
        ("85525003328", "bis"),
        ("85133003328", None),
        ("85333003328", None),
        ("85993003328", None),
    ],
)
def test_the_month_of_a_number_tells_the_register(number: str, register: str | None) -> None:
    assert register_of(NationalNumber(number)) == register
