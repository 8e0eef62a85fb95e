"""A login desk for every test of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.login.house import House

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A provider with a real Ledger."""
    made = House(tmp_path)
    yield made
    made.ledger.close()
