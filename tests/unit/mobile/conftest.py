"""A provider's phone side for every test of this folder that wants one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.mobile.desk import MobileDesk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[MobileDesk]:
    """One with the default limits and nobody enrolled."""
    made = MobileDesk(tmp_path)
    yield made
    made.close()
