"""The table of attacks names files that exist."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_every_file_that_the_table_names_is_there() -> None:
    text = (TESTS / "attacks" / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"[\w/]+/test_\w+\.py", text))
    assert len(named) > 20
    assert [name for name in named if not (TESTS / name).exists()] == []
