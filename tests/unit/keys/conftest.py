"""A ring over rows in memory, begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.keys.rows import ME, Clocks, RingInMemory, a_ring

if TYPE_CHECKING:
    from keys.ring import KeyRing


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def rows() -> RingInMemory:
    return RingInMemory()


@pytest.fixture
def ring(rows: RingInMemory, clocks: Clocks) -> KeyRing:
    ring = a_ring(rows, clocks)
    ring.begin(by=ME)
    return ring
