"""The desk that the authorization side's tests stand at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.store.stand_ins import Clock
from tests.unit.oidc.authorization.desk import Desk, open_desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Iterator[Desk]:
    opened = open_desk(tmp_path, clock)
    yield opened
    opened.foundation.close()
