"""An open registry for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.oidc.dynamic.registry import Registry, open_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with open_registry(tmp_path) as opened:
        yield opened
