"""Sixteen at once over kept connections to two workers, on either pair of stores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from tests.world.client import HOME
from tests.world.shops import Shops, shops
from tests.world.wire import Line, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.world.client import Client, Login
    from tests.world.scripted import Browser, Page

AT_ONCE = 16
PATIENCE = 60


@pytest.fixture(scope="module", params=["sqlite", "postgresql and redis"])
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shops]:
    if request.param == "sqlite":
        yield request.getfixturevalue("attacked")
        return
    folder = tmp_path_factory.mktemp("raced")
    with shops(
        folder,
        *("shop", "shop-basic", "shop-app"),
        settings={"listen": {"workers": 2}},
        ledger=request.getfixturevalue("postgres_url").replace("+psycopg", ""),
        ephemeral=request.getfixturevalue("redis_server"),
    ) as running:
        yield running
        running.world.sesame("audit", "verify")


@pytest.fixture
def login(shop: Client, browser: Browser) -> Login:
    return shop.log_in(browser)


def at_once(made: Shops, one: Callable[[Line], Reply]) -> list[Reply]:
    """The same request sixteen times, each on a connection that stood before, from a barrier."""
    ready = Barrier(AT_ONCE, timeout=PATIENCE)

    def run() -> Reply:
        line = Line(made.world.issuer)
        try:
            assert line.ask("GET", "/jwks").status == 200
            ready.wait()
            return one(line)
        finally:
            line.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(run) for _ in range(AT_ONCE)]
        return [each.result() for each in running]


def split(replies: list[Reply]) -> tuple[list[Reply], list[Reply]]:
    """Those that succeeded, and the others."""
    good = [reply for reply in replies if reply.status < 300]
    return good, [reply for reply in replies if reply.status >= 300]


@pytest.mark.parametrize("name", ["shop", "shop-basic", "shop-app"])
def test_code_06_of_sixteen_redemptions_one_is_answered_and_then_nothing_lives(
    made: Shops, browser: Browser, name: str
) -> None:
    shop = made[name]
    login = shop.log_in(browser)
    good, others = split(at_once(made, lambda line: login.redeem(over=line)))
    assert len(good) == 1
    assert {reply.error for reply in others} == {(400, "invalid_grant")}
    assert shop.userinfo(good[0].json["access_token"]).status == 401
    assert shop.refresh(good[0].json["refresh_token"]).error == (400, "invalid_grant")


def test_tok_02_sixteen_refreshes_leave_one_living_descendant(
    made: Shops, shop: Client, login: Login
) -> None:
    first = login.tokens().refresh
    good, others = split(at_once(made, lambda line: shop.refresh(first, over=line)))
    # Retries within the grace period get the one successor that there is.
    assert len({reply.json["refresh_token"] for reply in good}) == 1
    assert {reply.error for reply in others} <= {(400, "invalid_grant")}
    second = good[0].json["refresh_token"]
    third = shop.refresh(second).json["refresh_token"]
    assert third not in (first, second)
    assert shop.refresh(first).error == (400, "invalid_grant")
    assert shop.refresh(third).error == (400, "invalid_grant")


def test_cli_04_of_sixteen_times_one_assertion_one_is_taken(made: Shops, shop: Client) -> None:
    assertion = shop.assertion()
    asked = shop.request()
    form = {"client_assertion": assertion}
    replies = at_once(made, lambda line: shop.post("/par", asked.parameters, over=line, **form))
    good, others = split(replies)
    assert [reply.status for reply in good] == [201]
    assert {reply.error for reply in others} == {(401, "invalid_client")}
    made.world.clock.move(minutes=2)  # sixteen failures are nearly enough to have to wait
    assert shop.push(shop.request()).status == 201


def test_a_pushed_request_completes_one_login_of_sixteen(made: Shops, shop: Client) -> None:
    asked = shop.request()
    urn = shop.push(asked).json["request_uri"]
    ready = Barrier(AT_ONCE, timeout=PATIENCE)

    def come(_: int) -> Page:
        browser = made.world.browser(stops=(HOME,))
        page = browser.get(f"{shop.issuer}/authorize?client_id={shop.id}&request_uri={urn}")
        return page.press("method-seeded")

    def complete(page: Page) -> bool:
        ready.wait()
        page = page.form("seeded").submit(username="nora")
        if page.has("agree"):
            page = page.press("agree")
        return page.url.startswith(asked["redirect_uri"]) and "code" in page.parameters

    with ThreadPoolExecutor(AT_ONCE) as pool:
        # All are at the sign-in before any of them ends: what is completed opens to nobody else.
        pages = list(pool.map(come, range(AT_ONCE)))
        assert sum(pool.map(complete, pages)) == 1


def test_a_login_double_clicked_sixteen_times_gives_one_code(made: Shops, shop: Client) -> None:
    with made.world.browser(stops=(HOME,)) as browser:
        page, _ = shop.open(browser)
        page = page.press("method-seeded").form("seeded").submit(username="lena")
        cookies = {"Cookie": "; ".join(f"{c.name}={c.value}" for c in browser.cookies.all())}
        form = page.form("consent")
        names = {**form.fields, "remember": "1"}
        action = form.form.action
        replies = at_once(made, lambda line: line.ask("POST", action, names, cookies))
    codes = [
        reply.headers["Location"]
        for reply in replies
        if reply.status == 303 and "code=" in reply.headers["Location"]
    ]
    assert len(codes) == 1
    assert all(reply.status in (303, 409) for reply in replies)
