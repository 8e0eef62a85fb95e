"""A waiting room for every test of this folder."""

from __future__ import annotations

import pytest

from tests.unit.waiting.room_of_straw import Straw


@pytest.fixture
def straw() -> Straw:
    return Straw()
