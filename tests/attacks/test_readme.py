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


PROTOCOL = {
    "RU": (2, 4, 5, 8, 10, 12, 13, 15, 17, 20, 22, 24, 25, 28),
    "CODE": (1, 4, 6, 8, 9, 12, 14, 16, 18, 20, 22),
    "CLI": (1, 4, 5, 7, 9, 11, 14, 16, 17, 20, 22, 24),
    "PAR": (1, 4, 5, 8, 10, 12, 13, 15, 18, 20),
    "JWT": (2, 4, 5, 7, 9, 11, 13, 15, 17, 19, 22),
    "POP": (1, 3, 6, 8, 9, 12, 14),
    "TOK": (2, 4, 5, 8, 10, 12, 14, 16, 17),
    "SES": (2, 3, 5, 8, 10, 12, 14, 16, 17, 20, 22),
    "SSRF": (1, 4, 5, 7, 9, 12, 14, 16),
    "WEB": (2, 4, 6, 7, 9, 12, 13, 16, 17, 19, 22, 24),
    "PII": (1, 4, 6, 7, 9, 11, 14, 15, 18, 19),
}
"""The abuse cases of each area that concerns the protocol."""


@pytest.mark.parametrize("area", PROTOCOL)
def test_every_attack_on_the_protocol_has_a_test_and_none_is_left_for_later(area: str) -> None:
    told = set()
    for row in ATTACKS.read_text(encoding="utf-8").splitlines():
        numbers = re.findall(rf"\b{area}-(\d+)", row.split("|")[1]) if row.startswith("|") else []
        if numbers:
            assert "later" not in row
            assert "/test_" in row
            told |= {int(number) for number in numbers}
    assert told == set(PROTOCOL[area])
