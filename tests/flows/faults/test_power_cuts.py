"""The provider ends as in a power cut, between any two steps, and keeps what it promised."""

from __future__ import annotations

import http.client
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.flows.faults.conftest import events, fresh
from tests.world.client import HOME, walk

if TYPE_CHECKING:
    from tests.world.client import Tokens
    from tests.world.shops import Shops

WORKERS = 6


def cut(made: Shops) -> None:
    made.world.kill()
    made.world.start()


def test_everything_acknowledged_before_a_power_cut_stands_after_it(embedded: Shops) -> None:
    shop = embedded["shop"]
    # One person stands at each step of the way.
    choosing, asked_choosing = shop.open(fresh(embedded))
    proving, asked_proving = shop.open(fresh(embedded))
    proving = proving.press("method-seeded")
    agreeing, asked_agreeing = shop.open(fresh(embedded))
    agreeing = agreeing.press("method-seeded").form("seeded").submit(username="lena")
    holding = shop.log_in(fresh(embedded), username="jules")
    spent = shop.log_in(fresh(embedded))
    tokens = spent.tokens()
    refreshed = shop.refresh(tokens.refresh).json
    asked_pushed = shop.request()
    urn = shop.push(asked_pushed).json["request_uri"]
    assertion = shop.assertion()
    assert shop.push(shop.request(), client_assertion=assertion).status == 201
    embedded.add("newcomer")

    cut(embedded)

    assert shop.answered(walk(choosing.press("method-seeded")), asked_choosing).tokens()
    assert shop.answered(walk(proving), asked_proving).tokens()
    assert shop.answered(walk(agreeing), asked_agreeing).tokens()
    assert holding.tokens().info()["given_name"] == "Jules"
    page = shop.open(spent.page.browser, prompt="none")[0]
    assert "code" in page.parameters  # the session and the consent are there
    assert shop.userinfo(refreshed["access_token"]).status == 200
    query = urlencode({"client_id": shop.id, "request_uri": urn})
    pushed = walk(fresh(embedded).get(f"{shop.issuer}/authorize?{query}"))
    assert shop.answered(pushed, asked_pushed).tokens()
    assert embedded["newcomer"].log_in(fresh(embedded)).tokens()
    # And what was spent is spent.
    replayed = shop.push(shop.request(), client_assertion=assertion)
    assert replayed.error == (401, "invalid_client")
    assert spent.redeem().error == (400, "invalid_grant")
    assert shop.userinfo(refreshed["access_token"]).status == 401
    cut(embedded)
    assert spent.redeem().error == (400, "invalid_grant")
    assert holding.redeem().error == (400, "invalid_grant")
    embedded.world.sesame("audit", "verify")


def test_each_token_that_left_before_a_power_cut_lives_and_was_audited_once(
    embedded: Shops,
) -> None:
    shop = embedded["shop-basic"]
    over = Event()
    enough = Event()
    kept: list[Tokens] = []

    def logins() -> None:
        with embedded.world.browser(stops=(HOME,)) as browser:
            while not over.is_set():
                try:
                    kept.append(shop.log_in(browser, prompt="login").tokens())
                except (OSError, http.client.HTTPException, AssertionError):
                    return  # the lights went out in the middle of this one
                if len(kept) > 4 * WORKERS:
                    enough.set()

    with ThreadPoolExecutor(WORKERS) as pool:
        running = [pool.submit(logins) for _ in range(WORKERS)]
        assert enough.wait(60)
        embedded.world.kill()
        over.set()
        for each in running:
            each.result()
    embedded.world.start()
    assert len(kept) > 4 * WORKERS
    for tokens in kept:
        assert tokens.info()["sub"]
    ledger = embedded.world.deployment.folder / "ledger.sqlite"
    with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as connection:
        statement = "SELECT count(*) FROM access_tokens WHERE client = ?"
        (stored,) = connection.execute(statement, (shop.id,)).fetchone()
    connection.close()
    audited = [row for row in events(embedded, "tokens.issued") if shop.id in str(row)]
    assert len(audited) == stored >= len(kept)
    embedded.world.sesame("audit", "verify")


def test_a_clock_that_jumps_back_leaves_logins_and_the_trail_whole(embedded: Shops) -> None:
    shop = embedded["shop"]
    assert shop.log_in(fresh(embedded)).tokens()
    embedded.world.clock.move(hours=-1)
    try:
        assert shop.log_in(fresh(embedded)).tokens().info()["sub"]
    finally:
        embedded.world.clock.move(hours=1)
    assert shop.log_in(fresh(embedded)).tokens()
    embedded.world.sesame("audit", "verify")
