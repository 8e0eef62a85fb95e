"""Pushed requests, sessions and bearers where an attacker holds a piece: PAR, SES, CODE, TOK."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.world.client import walk
from tests.world.wire import ask

if TYPE_CHECKING:
    from tests.world.client import Asked, Client
    from tests.world.scripted import Browser, Page
    from tests.world.shops import Shops


def pushed(client: Client, **changes: str | None) -> tuple[str, Asked]:
    asked = client.request(**changes)
    reply = client.push(asked)
    assert reply.status == 201
    assert reply.headers["Cache-Control"] == "no-store"
    urn = reply.json["request_uri"]
    client.heard.note(urn)
    return urn, asked


def visit(client: Client, browser: Browser, urn: str, **more: str) -> Page:
    query = urlencode({"client_id": client.id, "request_uri": urn, **more})
    return browser.get(f"{client.issuer}/authorize?{query}")


def told(page: Page) -> str:
    return page.attribute("problem", "data-code")


# --- pushed requests ------------------------------------------------------------------------------


@pytest.mark.proves("fapi2.par-only")
def test_par_01_a_client_that_must_push_is_not_served_plainly(
    made: Shops, browser: Browser
) -> None:
    if "pushes" not in made.known:
        made.add("pushes", changes={"require_pushed_authorization_requests": True})
    client = made["pushes"]
    page, _ = client.open(browser)
    assert page.parameters["error"] == "invalid_request"
    urn, asked = pushed(client)
    assert client.answered(walk(visit(client, browser, urn)), asked).tokens()


@pytest.mark.proves("fapi2.par-foreign")
def test_par_04_a_request_of_another_client_is_nobodys(made: Shops, browser: Browser) -> None:
    urn, _ = pushed(made["shop"])
    page = visit(made["shop-basic"], browser, urn)
    assert told(page) == "invalid_request_uri"


@pytest.mark.proves("fapi2.par-foreign")
def test_par_05_a_request_that_nobody_visited_in_time_is_gone(
    made: Shops, shop: Client, browser: Browser
) -> None:
    urn, _ = pushed(shop)
    made.world.clock.move(seconds=91)
    assert told(visit(shop, browser, urn)) == "invalid_request_uri"


def test_par_08_what_stands_in_the_url_beside_it_counts_for_nothing(
    shop: Client, browser: Browser
) -> None:
    urn, asked = pushed(shop, scope="openid")
    page = visit(
        shop,
        browser,
        urn,
        scope="openid egovnrn email",
        redirect_uri="https://evil.example/cb",
        state="other",
        acr_values="eidas1",
        response_mode="form_post",
    )
    login = shop.answered(walk(page), asked)
    assert login.parameters["state"] == asked["state"]
    assert login.tokens().info().keys() == {"sub"}


@pytest.mark.proves("fapi2.par-reuse")
def test_par_reuse_lasts_until_a_login_with_it_was_completed(
    shop: Client, browser: Browser
) -> None:
    urn, asked = pushed(shop)
    assert visit(shop, browser, urn).status == 200
    login = shop.answered(walk(visit(shop, browser, urn)), asked)
    assert told(visit(shop, browser, urn)) == "invalid_request_uri"
    assert login.tokens()


def test_par_18_an_address_that_is_not_registered_is_not_even_taken(shop: Client) -> None:
    reply = shop.push(shop.request(redirect_uri="https://evil.example/cb"))
    assert reply.status == 400
    assert "request_uri" not in reply.json


def test_par_10_12_13_15_what_was_signed_for_something_else_is_no_request(
    shop: Client, browser: Browser
) -> None:
    tokens = shop.log_in(browser).tokens()
    for thing, error in (
        (tokens.id_token, "invalid_request_object"),
        (shop.assertion(), "invalid_request_object"),
        ("e30.e30.", "request_not_supported"),
    ):
        assert shop.push(shop.request(request=thing)).error == (400, error)
        page, _ = shop.open(browser, request=thing)
        assert page.parameters["error"] == error
    urn, _ = pushed(shop)
    assert shop.push(shop.request(request_uri=urn)).error == (400, "invalid_request")


@pytest.mark.proves("fapi2.par-answer")
def test_a_pushed_request_can_only_be_pushed(shop: Client) -> None:
    assert ask(shop.issuer, "GET", "/par").status == 405


# --- sessions -------------------------------------------------------------------------------------


def test_ses_16_after_logout_everything_in_flight_is_dead(
    made: Shops, shop: Client, browser: Browser
) -> None:
    login = shop.log_in(browser)
    tokens, unused = login.tokens(), shop.log_in(browser)
    asking, _ = shop.open(browser, prompt="consent")
    assert asking.has("agree")
    kept = browser.cookies.all()
    browser.get(f"{shop.issuer}/logout?{urlencode({'id_token_hint': tokens.id_token})}")
    assert unused.redeem().error == (400, "invalid_grant")
    assert shop.refresh(tokens.refresh).error == (400, "invalid_grant")
    assert shop.userinfo(tokens.access).status == 401
    with made.world.browser(stops=browser.stops) as thief:
        for cookie in kept:
            thief.cookies.put(cookie)
        page, _ = shop.open(thief, prompt="none")
        assert page.parameters["error"] == "login_required"
        form = asking.form("consent")
        reply = thief.post(asking.url + "/consent", form.fields, source=asking.url)
        assert "code" not in reply.parameters


def test_ses_08_a_cookie_twice_or_huge_is_no_cookie(
    made: Shops, shop: Client, browser: Browser
) -> None:
    shop.log_in(browser)
    session = browser.cookies.named("sesame_session")
    assert session is not None
    query = urlencode(shop.request(prompt="none").parameters)
    for value in (
        f"sesame_session={session.value}; sesame_session=other",
        f"sesame_session={'x' * 8000}",
        f'sesame_session="{session.value}',
    ):
        reply = ask(made.world.issuer, "GET", f"/authorize?{query}", headers={"Cookie": value})
        assert reply.status == 303
        assert "error=login_required" in reply.headers["Location"]


def test_ses_22_sessions_and_tokens_outlive_a_restart(
    made: Shops, shop: Client, browser: Browser
) -> None:
    tokens = shop.log_in(browser).tokens()
    made.world.stop()
    made.world.start()
    page, asked = shop.open(browser, prompt="none")
    again = shop.answered(page, asked).tokens()
    assert again.claims["auth_time"] == tokens.claims["auth_time"]
    assert shop.userinfo(tokens.access).status == 200
    assert shop.refresh(tokens.refresh).status == 200


# --- codes and bearers ----------------------------------------------------------------------------


def test_code_12_a_code_from_elsewhere_is_worth_nothing_with_ones_own_verifier(
    made: Shops, shop: Client, browser: Browser
) -> None:
    victim = shop.log_in(browser)
    with made.world.browser(stops=browser.stops) as theirs:
        attacker = shop.log_in(theirs, username="jules")
    stolen = shop.redeem(victim.code, attacker.asked.verifier)
    assert stolen.error == (400, "invalid_grant")


def test_code_14_no_page_of_a_login_opens_elsewhere(
    made: Shops, shop: Client, browser: Browser
) -> None:
    page, _ = shop.open(browser, prompt="consent")
    page = page.press("method-seeded").form("seeded").submit(username="nora")
    with made.world.browser(stops=browser.stops) as other:
        opened = other.get(page.url)
        assert opened.status in (403, 404)
        assert "Nora" not in opened.text
        fields = page.form("consent").fields
        posted = other.post(f"{page.url}/consent", fields, source=page.url)
        assert "code" not in posted.parameters


@pytest.mark.parametrize("ways", ["query", "twice", "basic", "none"])
def test_tok_14_a_token_in_the_wrong_place_is_not_read(
    shop: Client, browser: Browser, ways: str
) -> None:
    token = shop.log_in(browser).tokens().access
    bearer = {"Authorization": f"Bearer {token}"}
    replies = {
        "query": lambda: ask(shop.issuer, "GET", f"/userinfo?access_token={token}"),
        "twice": lambda: ask(shop.issuer, "POST", "/userinfo", {"access_token": token}, bearer),
        "basic": lambda: ask(
            shop.issuer, "GET", "/userinfo", headers={"Authorization": f"Basic {token}"}
        ),
        "none": lambda: ask(shop.issuer, "GET", "/userinfo"),
    }
    reply = replies[ways]()
    assert reply.status == 401
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    assert token not in f"{reply.headers}{reply.text}"


@pytest.mark.proves("access-tokens.confusion")
def test_jwt_13_one_kind_of_token_is_never_another(shop: Client, browser: Browser) -> None:
    login = shop.log_in(browser)
    tokens = login.tokens()
    for wrong in (tokens.id_token, tokens.refresh, login.code):
        assert shop.userinfo(wrong).status == 401
    for wrong in (tokens.id_token, tokens.access, login.code):
        assert shop.refresh(wrong).error == (400, "invalid_grant")
    for wrong in (tokens.access, tokens.refresh):
        assert shop.redeem(wrong, login.asked.verifier).error == (400, "invalid_grant")
        page, _ = shop.open(browser, id_token_hint=wrong)
        assert page.parameters["error"] == "invalid_request"
    for assertion in (tokens.id_token, tokens.access):
        assert shop.push(shop.request(), client_assertion=assertion).error == (
            401,
            "invalid_client",
        )


def test_cli_14_17_a_client_proves_itself_in_its_one_way(made: Shops) -> None:
    basic, post = made["shop-basic"], made["shop-post"]
    form = {"grant_type": "refresh_token", "refresh_token": "1.a"}
    assert basic.post("/token", form, client_id=basic.id, client_secret=basic.secret).error == (
        400,
        "invalid_request",
    )
    for client in (basic, post, made["shop"]):
        reply = ask(client.issuer, "POST", "/token", {**form, "client_id": client.id})
        assert reply.error == (401, "invalid_client")
    swapped = {**form, "client_id": basic.id, "client_secret": str(basic.secret)}
    assert ask(basic.issuer, "POST", "/token", swapped).error == (401, "invalid_client")
    made.world.clock.move(minutes=2)


def test_cli_20_guessing_a_secret_must_wait_and_its_owner_is_told_the_same_elsewhere(
    made: Shops,
) -> None:
    guessed = made.add("guessed", auth="client_secret_post")
    form = {"grant_type": "refresh_token", "refresh_token": "1.a", "client_id": "guessed"}
    answers = [
        ask(guessed.issuer, "POST", "/token", {**form, "client_secret": f"guess-{n}"}).status
        for n in range(40)
    ]
    assert answers[0] == 401
    assert answers[-1] == 429
    made.world.clock.move(minutes=2)
    assert guessed.refresh("1.a").error == (400, "invalid_grant")
