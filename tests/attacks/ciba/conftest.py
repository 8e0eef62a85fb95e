"""A shop that asks behind the browser's back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.flows.ciba.asker import Asker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Asker]:
    made = Asker(tmp_path)
    yield made
    made.house.close()
