"""The tables of attacks and of faults name tests that exist, and every id of the cards' areas."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ATTACKS = TESTS / "attacks" / "README.md"
FAULTS = TESTS / "flows" / "faults" / "README.md"
NAMED = re.compile(r"([\w/]+/test_\w+\.py)(?:::(\w+))?")


def named(table: Path) -> set[tuple[str, str]]:
    return set(NAMED.findall(table.read_text(encoding="utf-8")))


@cache
def functions(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize(("table", "most"), [(ATTACKS, 20), (FAULTS, 10)])
def test_every_test_that_a_table_names_is_there(table: Path, most: int) -> None:
    found = named(table)
    assert len(found) > most
    assert [file for file, _ in found if not (TESTS / file).exists()] == []
    assert [name for file, name in found if name and name not in functions(file)] == []


def test_every_fault_of_cards_and_issuers_has_a_test() -> None:
    rows = [row for row in FAULTS.read_text(encoding="utf-8").splitlines() if "/test_" in row]
    told = {one for row in rows for one in re.findall(r"F-[CO]\d\d", row.split("|")[1])}
    wanted = {f"F-C{number:02}" for number in range(1, 12)}
    assert told == wanted | {f"F-O{number:02}" for number in range(1, 7)}


@pytest.mark.parametrize("area", ["EID", "RDR"])
def test_no_attack_on_cards_or_readers_is_left_for_later(area: str) -> None:
    rows = [
        row
        for row in ATTACKS.read_text(encoding="utf-8").splitlines()
        if re.match(rf"\| {area}-\d\d", row)
    ]
    assert rows
    assert [row for row in rows if "later" in row] == []
    untried = [row for row in rows if "/test_" not in row]
    assert all("never:" in row for row in untried)
