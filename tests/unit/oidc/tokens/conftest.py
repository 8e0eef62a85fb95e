"""A provider's token side over a real SQLite Ledger."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from idp.store.opening import open_ledger
from tests.contract.store.stand_ins import Clock, TestVault
from tests.services.ledgers import put_ledger
from tests.unit.oidc.tokens.desk import Desk, fill

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    put_ledger(url)
    return url


@pytest.fixture
def desk(ledger_url: str) -> Iterator[Desk]:
    clock = Clock()
    ledger = open_ledger(ledger_url, TestVault(), now=clock, entropy=secrets.token_bytes)
    fill(ledger)
    yield Desk(ledger, clock)
    ledger.close()
