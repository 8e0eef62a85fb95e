"""What is slow is begun first, and stories with one provider stay in one process."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from tests.services.turns import SLOW_FIRST, in_turn, unit_of

ROOT = Path(__file__).parents[2]
NAMES = (
    "tests/unit/keys/test_ring.py::test_one",
    "tests/flows/login/test_course.py::test_two[nl]",
    "tests/contract/store/test_units.py::test_three",
    "tests/unit/keys/test_ring.py::test_four",
    "tests/flows/login/test_sites.py::test_five",
    "tests/flows/running/test_all.py::test_six",
)


def test_slow_stories_come_first_and_the_rest_as_it_was() -> None:
    items = cast("Any", [SimpleNamespace(nodeid=name) for name in NAMES])
    assert [NAMES.index(item.nodeid) for item in in_turn(items)] == [1, 4, 5, 2, 0, 3]


def test_stories_of_one_provider_are_one_unit_and_others_their_file() -> None:
    assert unit_of(NAMES[1]) == unit_of(NAMES[4])
    assert unit_of(NAMES[0]) == unit_of(NAMES[3]) == "tests/unit/keys/test_ring.py"
    assert unit_of(NAMES[5]) == "tests/flows/running/test_all.py"


def test_what_is_called_slow_exists() -> None:
    assert [name for name in SLOW_FIRST if not (ROOT / name).exists()] == []
