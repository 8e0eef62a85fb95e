"""A real Ledger on SQLite, an Ephemeral store in memory, a clock that stands."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from idp.store.memory import MemoryEphemeral
from idp.store.opening import open_ledger
from tests.contract.store.stand_ins import Clock, TestVault
from tests.services.ledgers import put_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from idp.store.ports import Ledger
    from idp.store.short_lived import Ephemeral


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    put_ledger(url)
    opened = open_ledger(url, TestVault(), now=clock, entropy=secrets.token_bytes)
    yield opened
    opened.close()


@pytest.fixture
def ephemeral(clock: Clock) -> Ephemeral:
    return MemoryEphemeral(now=clock, entropy=secrets.token_bytes)
