"""A desk that takes every kind of request object, and what is served to it."""

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
    every = {"by_reference": True, "rs256": True, "unsigned": True}
    opened = open_desk(tmp_path, clock, requests=every)
    yield opened
    opened.foundation.close()
