"""A house with a real Ledger on SQLite in which An is known."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from idp.store.opening import open_ledger
from tests.contract.store.stand_ins import Clock, TestVault, a_person
from tests.services.ledgers import put_ledger
from tests.unit.mobile.keys.world import House, PhoneDesk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    clock, url = Clock(), f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    put_ledger(url)
    ledger = open_ledger(url, TestVault(), now=clock, entropy=secrets.token_bytes)
    with ledger.begin() as unit:
        unit.people.add(a_person(), username="an")
    yield House(desk=PhoneDesk(ledger), clock=clock)
    ledger.close()
