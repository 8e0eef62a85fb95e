"""One provider with two workers for all protocol stories, a client of every kind at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.world.client import HOME, SIGNING
from tests.world.shops import KINDS, Shops, shops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.world.client import Client
    from tests.world.scripted import Browser

SETTINGS = {"listen": {"workers": 2}, "keys": {"algorithms": list(SIGNING), "reread": 1}}


@pytest.fixture(scope="package")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    with shops(tmp_path_factory.mktemp("protocol"), *KINDS, settings=SETTINGS) as running:
        yield running


@pytest.fixture
def browser(made: Shops) -> Iterator[Browser]:
    """A fresh browser that stops where it would leave for an e-service."""
    with made.world.browser(stops=(HOME,)) as fresh:
        yield fresh


@pytest.fixture
def shop(made: Shops) -> Client:
    return made["shop"]


@pytest.fixture(scope="package")
def elsewhere(made: Shops) -> Client:
    """A client of another sector."""
    return made.add("elsewhere", changes={"sector": "elsewhere.example"})
