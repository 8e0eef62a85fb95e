"""A deployment for each test; what commands do to the process's log is undone."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import pytest

from tests.unit.cli.deployed import Deployment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _logging_is_ours() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("sesame")
    handlers, levels, raising = root.handlers[:], (root.level, ours.level), logging.raiseExceptions
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
    logging.raiseExceptions = raising


@pytest.fixture(autouse=True)
def _no_configuration_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SESAME_")]:
        monkeypatch.delenv(name)
    # A command may leave this one for its children; it goes with the test.
    monkeypatch.setenv("SESAME_CONFIG", "")


@pytest.fixture
def new(tmp_path: Path) -> Deployment:
    """Nothing but a configuration."""
    return Deployment(folder=tmp_path)


@pytest.fixture
def deployment(new: Deployment) -> Deployment:
    """Set up."""
    result = new.run("setup")
    assert result.exit_code == 0, result.output
    return new
