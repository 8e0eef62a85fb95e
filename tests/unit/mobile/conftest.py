"""A provider's phone side for every test of this folder that wants one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.mobile.desk import MobileDesk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mobile_flow.model import Start
    from tests.unit.mobile.desk import Phone


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[MobileDesk]:
    """One with the default limits and nobody enrolled."""
    made = MobileDesk(tmp_path)
    yield made
    made.close()


@pytest.fixture
def matched(desk: MobileDesk) -> tuple[Phone, Start]:
    """A phone that scanned and typed the right number."""
    phone, start = desk.phone(), desk.open()
    phone.scan(desk.picture(start))
    phone.number(desk.number(start))
    return phone, start
