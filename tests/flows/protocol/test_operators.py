"""What an operator does takes effect in every worker, and harms nobody who is in the middle."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from tests.world.client import HOME, walk
from tests.world.wire import Line, ask

if TYPE_CHECKING:
    from tests.world.client import Client, Tokens
    from tests.world.scripted import Browser
    from tests.world.shops import Shops

AT_ONCE = 30
MANY = 8
PATIENCE = 60


def test_a_disabled_client_is_refused_by_every_worker_at_once(
    made: Shops, browser: Browser
) -> None:
    client = made.add("closing")
    tokens = client.log_in(browser).tokens()
    login = client.log_in(browser)
    urn = client.push(client.request()).json["request_uri"]
    with ExitStack() as stack:
        # Kept connections, opened before, spread over the workers.
        lines = [Line(made.world.issuer) for _ in range(MANY)]
        for line in lines:
            stack.callback(line.close)
            assert line.ask("GET", "/jwks").status == 200
        made.operate("disable", "closing")
        for line in lines:
            refused = client.redeem(login.code, login.asked.verifier, over=line)
            assert refused.error == (401, "invalid_client")
            bearer = {"Authorization": f"Bearer {tokens.access}"}
            assert line.ask("GET", "/userinfo", headers=bearer).status == 401
        assert client.refresh(tokens.refresh).error == (401, "invalid_client")
        for path in ("/par", "/introspect", "/revoke"):
            form = {**client.request().parameters, "token": tokens.access}
            assert client.post(path, form).error == (401, "invalid_client")
    page = browser.get(f"{client.issuer}/authorize?client_id=closing&request_uri={urn}")
    assert page.url.startswith(client.issuer)
    assert page.attribute("problem", "data-code") == "client_disabled"
    made.operate("enable", "closing")
    assert client.log_in(browser).tokens()
    assert client.userinfo(tokens.access).status == 401


def test_a_login_in_progress_ends_where_its_client_was_disabled(
    made: Shops, browser: Browser
) -> None:
    client = made.add("closing-too")
    page, _ = client.open(browser)
    made.operate("disable", "closing-too")
    page = walk(page)
    assert page.url.startswith(client.issuer)
    assert page.status in (400, 401)


@pytest.mark.proves("registration.provider-rotation")
def test_a_key_rotation_in_the_middle_fails_none_of_thirty_logins(
    made: Shops, shop: Client
) -> None:
    half, rotated = Barrier(AT_ONCE + 1, timeout=PATIENCE), Barrier(AT_ONCE + 1, timeout=PATIENCE)

    def login() -> Tokens:
        with made.world.browser(stops=(HOME,)) as browser:
            page, asked = shop.open(browser)
            half.wait()
            rotated.wait()
            return shop.answered(walk(page), asked).tokens()

    before = keys(made)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        logins = [pool.submit(login) for _ in range(AT_ONCE)]
        half.wait()
        made.world.sesame("keys", "rotate")
        announced = keys(made, state="announced", algorithm="ES256")
        while not announced <= published(shop):
            pass  # each worker reads the ring again within its second
        made.world.clock.move(minutes=16)
        made.world.sesame("keys", "promote", *announced)
        rotated.wait()
        kids = [login.result().header["kid"] for login in logins]
    assert announced
    assert set(kids) <= before | announced
    # Until every worker has read the ring again the former key may sign; it stays published.
    while kids[-1] not in announced:
        with made.world.browser(stops=(HOME,)) as browser:
            kids.append(shop.log_in(browser).tokens().header["kid"])
    assert before <= published(shop)


def published(shop: Client) -> set[str]:
    """The keys that every worker publishes, as far as many connections can tell."""
    seen = [ask(shop.issuer, "GET", "/jwks").json["keys"] for _ in range(MANY)]
    return set.intersection(*({key["kid"] for key in keys} for keys in seen))


def keys(made: Shops, **wanted: str) -> set[str]:
    """The kids of the ring's keys of this state or algorithm, or of all."""
    listed = made.world.deployment.asked("keys", "list")["keys"]
    return {key["kid"] for key in listed if wanted.items() <= key.items()}
