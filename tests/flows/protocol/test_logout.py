"""Logout that an e-service began, in every variant that certification tries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from tests.world.client import made_key, signed

if TYPE_CHECKING:
    from tests.world.client import Client, Tokens
    from tests.world.scripted import Browser, Page
    from tests.world.shops import Shops


@pytest.fixture
def tokens(shop: Client, browser: Browser) -> Tokens:
    return shop.log_in(browser).tokens()


def leave(shop: Client, browser: Browser, **parameters: str | None) -> Page:
    sent = {name: value for name, value in parameters.items() if value is not None}
    return browser.get(f"{shop.issuer}/logout?{urlencode(sent)}")


def signed_in(shop: Client, browser: Browser) -> bool:
    page, _ = shop.open(browser, prompt="none")
    return "code" in page.parameters


@pytest.mark.parametrize("state", ["left", "a b&c=d/é" * 3, None])
@pytest.mark.proves("logout.state")
def test_a_browser_goes_back_with_its_state_and_nothing_else(
    shop: Client, browser: Browser, tokens: Tokens, state: str | None
) -> None:
    if state is not None:
        state = state.encode("ascii", "ignore").decode()
    page = leave(
        shop,
        browser,
        id_token_hint=tokens.id_token,
        post_logout_redirect_uri=shop.signed_out,
        state=state,
    )
    assert page.url.partition("?")[0] == shop.signed_out
    assert page.parameters == ({} if state is None else {"state": state})
    assert not signed_in(shop, browser)


def test_logout_works_by_post(shop: Client, browser: Browser, tokens: Tokens) -> None:
    form = {
        "id_token_hint": tokens.id_token,
        "post_logout_redirect_uri": shop.signed_out,
        "state": "left",
    }
    page = browser.post(f"{shop.issuer}/logout", form, source=f"{shop.home}/account")
    assert page.url == f"{shop.signed_out}?state=left"
    assert not signed_in(shop, browser)


def test_logout_ends_the_tokens_of_the_session(
    shop: Client, browser: Browser, tokens: Tokens
) -> None:
    leave(shop, browser, id_token_hint=tokens.id_token)
    assert shop.userinfo(tokens.access).status == 401
    assert shop.refresh(tokens.refresh).error == (400, "invalid_grant")


@pytest.mark.proves("core.offline-access")
def test_what_was_given_for_offline_use_outlives_the_session(
    shop: Client, browser: Browser
) -> None:
    tokens = shop.log_in(browser, scope="openid offline_access", prompt="consent").tokens()
    assert "offline_access" in tokens.members["scope"]
    leave(shop, browser, id_token_hint=tokens.id_token)
    assert shop.refresh(tokens.refresh).status == 200


@pytest.mark.proves("logout.done-page")
def test_logout_without_an_address_ends_on_our_page(
    shop: Client, browser: Browser, tokens: Tokens
) -> None:
    page = leave(shop, browser, id_token_hint=tokens.id_token)
    assert page.has("signed-out")
    assert not signed_in(shop, browser)


@pytest.mark.parametrize("parameters", [{}, {"state": "left"}], ids=str)
def test_logout_that_proves_nothing_asks_the_person_first(
    shop: Client, browser: Browser, tokens: Tokens, parameters: dict[str, str]
) -> None:
    assert tokens.access
    page = leave(shop, browser, **parameters)
    assert page.has("confirm-logout")
    assert signed_in(shop, browser)
    page = leave(shop, browser, **parameters).press("confirm-logout")
    assert page.has("signed-out")
    assert not signed_in(shop, browser)


@pytest.mark.parametrize(
    "tail", ["/other", "?more=1", "/", "javascript:alert(1)", "//evil.example"]
)
@pytest.mark.proves("logout.no-redirect")
def test_an_address_that_is_not_registered_is_never_opened(
    shop: Client, browser: Browser, tokens: Tokens, tail: str
) -> None:
    uri = tail if ":" in tail or tail.startswith("//") else shop.signed_out + tail
    page = leave(
        shop, browser, id_token_hint=tokens.id_token, post_logout_redirect_uri=uri, state="s"
    )
    stays(shop, page)


@pytest.mark.proves("logout.no-redirect")
def test_an_address_without_a_hint_is_never_opened(
    shop: Client, browser: Browser, tokens: Tokens
) -> None:
    assert tokens.access
    stays(shop, leave(shop, browser, post_logout_redirect_uri=shop.signed_out, state="s"))
    stays(
        shop,
        leave(shop, browser, post_logout_redirect_uri=shop.signed_out, client_id=shop.id),
    )


@pytest.mark.proves("logout.no-redirect")
def test_a_hint_that_is_not_ours_opens_nothing(
    shop: Client, browser: Browser, tokens: Tokens
) -> None:
    head, payload, signature = tokens.id_token.split(".")
    unsigned = f"eyJhbGciOiJub25lIn0.{payload}."
    tampered = f"{head}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    stranger = signed({"alg": "ES256"}, tokens.claims, made_key("ES256"))
    for hint in (unsigned, tampered, stranger, tokens.access):
        page = leave(shop, browser, id_token_hint=hint, post_logout_redirect_uri=shop.signed_out)
        stays(shop, page)
    assert signed_in(shop, browser)


def test_a_hint_of_another_client_opens_nothing_of_ours(
    made: Shops, shop: Client, browser: Browser, tokens: Tokens
) -> None:
    theirs = made["shop-basic"].log_in(browser).tokens()
    wrong: list[dict[str, Any]] = [
        {"id_token_hint": theirs.id_token, "post_logout_redirect_uri": shop.signed_out},
        {"id_token_hint": theirs.id_token, "client_id": shop.id},
        {"id_token_hint": tokens.id_token, "client_id": "nobody"},
    ]
    for parameters in wrong:
        stays(shop, leave(shop, browser, **parameters))
    assert signed_in(shop, browser)


def test_a_hint_of_an_earlier_session_does_not_end_this_one_unasked(
    shop: Client, browser: Browser, tokens: Tokens
) -> None:
    leave(shop, browser, id_token_hint=tokens.id_token)
    shop.log_in(browser)
    page = leave(
        shop, browser, id_token_hint=tokens.id_token, post_logout_redirect_uri=shop.signed_out
    )
    assert page.has("confirm-logout")
    assert signed_in(shop, browser)


def stays(shop: Client, page: Page) -> None:
    """The browser is still with us, and shown something that it can go on from."""
    assert page.url.startswith(shop.issuer)
    assert page.status in (200, 400)
    assert page.has("problem") or page.has("confirm-logout")
    assert all(hop.headers["Location"] is None for hop in page.trail)
