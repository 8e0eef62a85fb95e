"""What every test may ask for: a free port, real Redis and PostgreSQL, a browser, a reader."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import psycopg
import pytest
import redis

from tests.services.card_desk import running_card_desk
from tests.services.chromium import chromium, driver
from tests.services.components import loopback_port, needs
from tests.services.postgres_server import running_postgres
from tests.services.read_once import read_once
from tests.services.redis_server import running_redis
from tests.services.turns import Turns, in_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from xdist.remote import Producer

    from tests.services.card_desk import CardDesk


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what is slow first, and the rest in the order that it has, which is a random one.

    Names must be alike in every process that collects: an address in memory is not.
    """
    strange = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if strange:
        raise pytest.UsageError(f"give this test ids of its own: {strange[0]}")
    items[:] = in_turn(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Turns | None:
    """Share the files out among the processes; see `tests.services.turns`."""
    return Turns(config, log) if config.option.dist == "loadfile" else None


@pytest.fixture(scope="session", autouse=True)
def _read_once() -> Iterator[None]:
    with read_once():
        yield


@pytest.fixture
def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on."""
    return loopback_port()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of one Redis for the whole run; ask for `redis_url` instead."""
    with running_redis(needs("redis-server"), tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The URL of a real, empty Redis."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
    return redis_server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL, without a database, of one PostgreSQL for the whole run; see `postgres_url`."""
    with running_postgres(needs("initdb")) as url:
        yield url


@pytest.fixture(scope="module")
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The SQLAlchemy URL of a fresh database, one for each test module."""
    name = f"t_{secrets.token_hex(8)}"
    admin = postgres_server.replace("+psycopg", "") + "/postgres"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield f"{postgres_server}/{name}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright; open a fresh context for each test."""
    program = needs("chromium")
    with driver() as playwright, chromium(playwright.chromium, program) as made:
        yield made


@pytest.fixture(scope="session")
def card_desk() -> Iterator[CardDesk]:
    """A real pcscd with the virtual reader, apart from the machine; see `tests.services`."""
    with running_card_desk() as desk:
        yield desk
