"""What the tests of the agent share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cardreader.agent.browsers import (
    Places,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["linux", "darwin"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    return Places(
        platform=request.param,
        home=tmp_path / "home",
        config=tmp_path / "home" / ".config",
        data=tmp_path / "home" / ".local" / "share",
        root=tmp_path / "root",
    )
