"""Providers that are hurt: one on the embedded stores, one on PostgreSQL and Redis."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.world.client import HOME
from tests.world.shops import Shops, shops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.world.scripted import Browser


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    with shops(tmp_path_factory.mktemp("embedded"), "shop", "shop-basic") as made:
        yield made


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, postgres_url: str, redis_server: str
) -> Iterator[Shops]:
    folder = tmp_path_factory.mktemp("served")
    ledger = postgres_url.replace("+psycopg", "")
    with shops(folder, "shop", ledger=ledger, ephemeral=redis_server) as made:
        yield made


def fresh(made: Shops) -> Browser:
    """A new browser; closed with the world."""
    return made.world.browser(stops=(HOME,))


def ready(made: Shops) -> tuple[int, dict[str, Any]]:
    """What the provider says of itself on its loopback port."""
    port = made.world.deployment.ports.health
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request("GET", "/ready")
        answer = line.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        line.close()


def events(made: Shops, kind: str) -> list[dict[str, Any]]:
    """The audit rows of a kind."""
    told = made.world.sesame("audit", "show", "--kind", kind, "--json")
    return [json.loads(line) for line in told.splitlines()]
