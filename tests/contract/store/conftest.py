"""One Ledger and one Ephemeral store of each kind, for every test of the two contracts."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from idp.store.opening import open_ephemeral, open_ledger
from tests.contract.store.stand_ins import Clock, TestVault, a_client, a_person, a_session
from tests.services.ledgers import a_database, put_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from idp.store.ports import Ledger
    from idp.store.short_lived import Ephemeral


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty, upgraded database of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
        put_ledger(url)
        yield url
        return
    with a_database(request.getfixturevalue("postgres_server")) as url:
        yield url


@pytest.fixture
def ledger(ledger_url: str, clock: Clock) -> Iterator[Ledger]:
    opened = open_ledger(ledger_url, TestVault(), now=clock, entropy=secrets.token_bytes)
    yield opened
    opened.close()


@pytest.fixture
def peopled(ledger: Ledger) -> Ledger:
    """A Ledger that knows the shop, An, and her session."""
    with ledger.begin() as unit:
        unit.clients.add(a_client())
        unit.people.add(a_person(), username="an")
        unit.sessions.open(a_session())
    return ledger


@pytest.fixture(params=["memory", "embedded", "redis"])
def ephemeral_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "memory":
        return "memory:"
    if request.param == "embedded":
        return f"sqlite:///{tmp_path / 'ephemeral.sqlite'}"
    url: str = request.getfixturevalue("redis_url")
    return url


@pytest.fixture(params=["embedded", "redis"])
def shared_ephemeral_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store that several processes share."""
    if request.param == "embedded":
        return f"sqlite:///{tmp_path / 'ephemeral.sqlite'}"
    url: str = request.getfixturevalue("redis_url")
    return url


@pytest.fixture
def ephemeral(ephemeral_url: str, clock: Clock) -> Iterator[Ephemeral]:
    opened = open_ephemeral(ephemeral_url, now=clock, entropy=secrets.token_bytes)
    yield opened
    opened.close()
