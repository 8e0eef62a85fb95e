"""A store that is locked, emptied, turned back, read-only or away: honest pages, and no replay."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import psycopg
import redis

from tests.flows.faults.conftest import fresh, ready
from tests.world.client import walk
from tests.world.wire import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.world.client import Client, Login
    from tests.world.shops import Shops
    from tests.world.wire import Reply


def is_unavailable(reply: Reply) -> None:
    assert reply.status == 503
    assert 0 < int(reply.headers["Retry-After"]) <= 60


def unavailable_to_all(made: Shops, shop: Client, login: Login) -> None:
    """Programs and people are told so, in bounded time, and readiness is red."""
    told = login.redeem()
    is_unavailable(told)
    assert told.json["error"] == "temporarily_unavailable"
    page = walk(shop.open(fresh(made))[0])
    assert page.status == 503
    assert page.attribute("problem", "data-code") == "unavailable"
    assert page.headers["Retry-After"]
    status, said = ready(made)
    assert status == 503
    assert "ledger" in said["failing"]


def test_a_ledger_that_somebody_keeps_locked_is_told_and_recovers(embedded: Shops) -> None:
    shop = embedded["shop"]
    login = shop.log_in(fresh(embedded))
    unused = shop.log_in(login.page.browser)
    tokens = unused.tokens()
    assert tokens.info()
    ledger = embedded.world.deployment.folder / "ledger.sqlite"
    lock = sqlite3.connect(ledger, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        unavailable_to_all(embedded, shop, login)
        assert tokens.info()  # reading goes on
    finally:
        lock.rollback()
        lock.close()
    # Nothing was half done: the code that could not be spent is good.
    assert login.redeem().status == 200


def test_a_restored_backup_refuses_what_was_given_before_and_lets_people_in(
    embedded: Shops,
) -> None:
    shop, world = embedded["shop"], embedded.world
    folder = world.deployment.folder / "copy"
    before = shop.log_in(fresh(embedded)).tokens()
    unused = shop.log_in(fresh(embedded))
    world.sesame("backup", folder)
    after = shop.log_in(fresh(embedded)).tokens()
    assert unused.redeem().status == 200  # spent after the copy was made
    world.stop()
    world.sesame("restore", folder, "--yes")
    world.start()
    for tokens in (before, after):
        assert shop.userinfo(tokens.access).status == 401
        assert shop.refresh(tokens.refresh).error == (400, "invalid_grant")
    assert unused.redeem().error == (400, "invalid_grant")
    assert shop.log_in(fresh(embedded)).tokens().info()["sub"] == before.claims["sub"]
    world.sesame("audit", "verify")


# --- PostgreSQL and Redis -------------------------------------------------------------------------


@contextlib.contextmanager
def administering(made: Shops) -> Iterator[tuple[psycopg.Connection, str]]:
    url = made.world.deployment.ledger
    assert url is not None
    base, _, name = url.rpartition("/")
    with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
        yield connection, name


def hang_up(admin: psycopg.Connection, name: str) -> None:
    """End every connection to a database, as a restart of the server does."""
    admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
    )


def test_a_postgresql_that_was_restarted_is_found_again(served: Shops) -> None:
    shop = served["shop"]
    tokens = shop.log_in(fresh(served)).tokens()
    with administering(served) as (admin, name):
        hang_up(admin, name)
    replies = [shop.userinfo(tokens.access) for _ in range(10)]
    for reply in replies:
        if reply.status != 200:
            is_unavailable(reply)
    assert replies[-1].status == 200
    assert shop.refresh(tokens.refresh).status in (200, 503)
    assert shop.log_in(fresh(served)).tokens()


def test_a_postgresql_that_is_away_is_told_and_recovers(served: Shops) -> None:
    shop = served["shop"]
    login = shop.log_in(fresh(served))
    with administering(served) as (admin, name):
        admin.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")  # type: ignore[call-overload]
        hang_up(admin, name)
        try:
            is_unavailable(login.redeem())
            status, said = ready(served)
            assert status == 503
            assert "ledger" in said["failing"]
        finally:
            admin.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")  # type: ignore[call-overload]
    assert shop.log_in(fresh(served)).tokens()


def test_a_ledger_that_became_read_only_is_told_and_recovers(served: Shops) -> None:
    shop = served["shop"]
    login = shop.log_in(fresh(served))
    with administering(served) as (admin, name):
        admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")  # type: ignore[call-overload]
        hang_up(admin, name)
        shop.userinfo("1.a")  # the connection that was hung up is noticed by whoever comes first
        try:
            unavailable_to_all(served, shop, login)
        finally:
            admin.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")  # type: ignore[call-overload]
            hang_up(admin, name)
    assert shop.userinfo("1.a").status in (401, 503)
    assert shop.log_in(fresh(served)).tokens()
    served.world.sesame("audit", "verify")


def test_a_redis_that_forgot_everything_lets_people_start_again(served: Shops) -> None:
    shop = served["shop"]
    page, _ = shop.open(fresh(served))
    signed_in = shop.log_in(fresh(served))
    urn = shop.push(shop.request()).json["request_uri"]
    forget(served)
    lost = page.press("method-seeded")
    assert lost.status == 404
    assert lost.attribute("problem", "data-code") == "login_unknown"
    assert lost.has("way-out")
    query = urlencode({"client_id": shop.id, "request_uri": urn})
    asked_again = fresh(served).get(f"{shop.issuer}/authorize?{query}")
    assert asked_again.attribute("problem", "data-code") == "invalid_request_uri"
    # Sessions, consents and codes do not live there.
    assert signed_in.tokens().info()["sub"]
    silent, asked = shop.open(signed_in.page.browser, prompt="none")
    assert shop.answered(silent, asked).tokens()


def test_a_redis_that_turned_back_replays_nothing(served: Shops) -> None:
    shop = served["shop"]
    asked = shop.request(prompt="consent")
    urn = shop.push(asked).json["request_uri"]
    query = urlencode({"client_id": shop.id, "request_uri": urn})
    page = fresh(served).get(f"{shop.issuer}/authorize?{query}")
    page = page.press("method-seeded").form("seeded").submit(username="nora")
    with redis.Redis.from_url(str(served.world.deployment.ephemeral)) as store:
        kept = {key: store.dump(key) for key in store.scan_iter()}
        assert shop.answered(page.press("agree"), asked).tokens()
        for key, value in kept.items():
            store.restore(key, 600_000, value, replace=True)
    again = page.press("agree")
    assert again.url.startswith(shop.issuer)
    assert again.attribute("problem", "data-code") == "login_spent"
    reopened = fresh(served).get(f"{shop.issuer}/authorize?{query}")
    assert reopened.attribute("problem", "data-code") == "invalid_request_uri"


def test_a_redis_that_is_away_is_told_and_tokens_go_on(served: Shops) -> None:
    shop = served["shop"]
    tokens = shop.log_in(fresh(served)).tokens()
    with redis.Redis.from_url(str(served.world.deployment.ephemeral)) as store:
        store.config_set("maxmemory", "1")
        try:
            query = urlencode(shop.request().parameters)
            is_unavailable(ask(shop.issuer, "GET", f"/authorize?{query}"))
            assert shop.userinfo(tokens.access).status == 200
            assert shop.refresh(tokens.refresh).status == 200
        finally:
            store.config_set("maxmemory", "0")
    assert shop.log_in(fresh(served)).tokens()


def forget(made: Shops) -> None:
    with redis.Redis.from_url(str(made.world.deployment.ephemeral)) as store:
        store.flushall()
