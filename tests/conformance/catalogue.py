"""The checks of the certification plans, and the tests that say by a mark which ones they prove."""

from __future__ import annotations

import ast
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS: Final = Path(__file__).parents[1]
MARK: Final = "proves"
_CHECKS: Final = Path(__file__).with_name("checks.toml")


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One check: ``group.name``, and in our words what is looked at."""

    id: str
    says: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """The checks of one set of plans, and the specification that they are of."""

    name: str
    plans: str
    specification: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """A test that proves a check: its file under ``tests/``, and its name."""

    check: str
    file: str
    test: str


@cache
def groups() -> tuple[Group, ...]:
    """Read the catalogue."""
    document = tomllib.loads(_CHECKS.read_text(encoding="utf-8"))
    return tuple(
        Group(
            name=name,
            plans=group["plans"],
            specification=group["specification"],
            checks=tuple(
                Check(id=f"{name}.{check}", says=says) for check, says in group["checks"].items()
            ),
        )
        for name, group in document.items()
    )


@cache
def proofs() -> tuple[Proof, ...]:
    """Find every mark in the tests' own text; nothing is imported."""
    return tuple(
        proof
        for path in sorted(TESTS.rglob("test_*.py"))
        if f"mark.{MARK}(" in (text := path.read_text(encoding="utf-8"))
        for proof in _marked(text, path.relative_to(TESTS).as_posix())
    )


def _marked(text: str, file: str) -> Iterator[Proof]:
    for node in ast.parse(text).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == f"pytest.mark.{MARK}":
                for named in mark.args:
                    yield Proof(check=str(ast.literal_eval(named)), file=file, test=node.name)
