"""The authorization endpoint: every way to ask, every way to be answered, and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.world.client import walk

if TYPE_CHECKING:
    from tests.world.client import Client
    from tests.world.scripted import Browser, Page

ALLOWED = {"error", "error_description", "error_uri", "state", "iss"}
DESCRIBING = {chr(code) for code in range(0x20, 0x7F)} - {'"', "\\"}


def refused(page: Page, error: str, issuer: str, state: str) -> None:
    """Hold an error response to RFC 6749 4.1.2.1 and RFC 9207."""
    found = page.parameters
    assert found["error"] == error
    assert found.keys() <= ALLOWED
    assert set(found.get("error_description", "")) <= DESCRIBING
    assert found["state"] == state
    assert found["iss"] == issuer


REFUSALS = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "id_token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_type": "none"}, "unsupported_response_type"),
    ({"scope": None}, "invalid_scope"),
    ({"scope": "profile"}, "invalid_scope"),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"prompt": "none"}, "login_required"),
    ({"prompt": "perhaps"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"max_age": "abc"}, "invalid_request"),
    ({"request": "e30.e30."}, "request_not_supported"),
    ({"request_uri": "https://shop.example/request"}, "request_uri_not_supported"),
    ({"id_token_hint": "e30.e30.e30"}, "invalid_request"),
    ({"claims": "{"}, "invalid_request"),
    ({"resource": "https://elsewhere.example/"}, "invalid_target"),
]


@pytest.mark.parametrize(("changes", "error"), REFUSALS, ids=str)
@pytest.mark.parametrize("mode", [None, "form_post"])
@pytest.mark.proves("core.error-form-post")
def test_a_refusal_goes_back_in_the_way_that_was_asked(
    shop: Client, browser: Browser, changes: dict[str, str | None], error: str, mode: str | None
) -> None:
    page, asked = shop.open(browser, response_mode=mode, **changes)
    if mode == "form_post":
        assert page.status == 200
        assert page.headers["Cache-Control"] == "no-store"
        page = page.press("continue")
        assert page.url == asked["redirect_uri"]
        assert page.posted
    refused(page, error, shop.issuer, asked["state"])


@pytest.mark.parametrize(
    "tail", ["/", "?x=1", "/more", "#f", "%20", "/..", "?", "&", ":443", "\\@evil.example"]
)
@pytest.mark.proves("core.redirect-unregistered")
def test_an_address_that_is_not_registered_is_told_here_and_never_opened(
    shop: Client, browser: Browser, tail: str
) -> None:
    for uri in (shop.callback + tail, f"https://evil.example/{tail}"):
        page, _ = shop.open(browser, redirect_uri=uri)
        assert page.url.startswith(shop.issuer)
        assert page.status == 400
        assert page.attribute("problem", "data-code") == "redirect_uri_mismatch"
        assert "evil.example" not in page.text


@pytest.mark.parametrize("changes", [{"redirect_uri": None}, {"client_id": None}], ids=str)
@pytest.mark.proves("registration.no-redirect-uri")
def test_a_request_without_its_sender_or_address_is_told_here(
    shop: Client, browser: Browser, changes: dict[str, str | None]
) -> None:
    page, _ = shop.open(browser, response_type="token", **changes)
    assert page.status == 400
    assert page.url.startswith(shop.issuer)


@pytest.mark.proves("core.post-authorization")
def test_a_posted_request_is_answered_like_any_other(shop: Client, browser: Browser) -> None:
    asked = shop.request()
    source = f"{shop.home}/login"
    page = browser.post(f"{shop.issuer}/authorize", asked.parameters, source=source)
    login = shop.answered(walk(page), asked)
    assert login.parameters["state"] == asked["state"]
    assert login.tokens().claims["nonce"] == asked["nonce"]


def test_a_posted_request_finds_the_session_that_is_there(shop: Client, browser: Browser) -> None:
    shop.log_in(browser)
    asked = shop.request()
    page = browser.post(f"{shop.issuer}/authorize", asked.parameters, source=f"{shop.home}/login")
    assert shop.answered(page, asked).code


@pytest.mark.proves("core.ignored")
def test_what_is_not_known_or_only_a_wish_is_ignored(shop: Client, browser: Browser) -> None:
    wishes = {
        "extra": "foobar",
        "display": "popup",
        "claims_locales": "se",
        "ui_locales": "se fr",
        "login_hint": "nora",
        "acr_values": "nobody",
    }
    assert shop.log_in(browser, **wishes).tokens()


@pytest.mark.proves("core.ignored")
def test_the_order_of_parameters_means_nothing(shop: Client, browser: Browser) -> None:
    asked = shop.request()
    query = urlencode(dict(reversed(asked.parameters.items())))
    page = walk(browser.get(f"{shop.issuer}/authorize?{query}"))
    assert shop.answered(page, asked).tokens()


@pytest.mark.proves("core.nonce-optional")
def test_a_login_needs_no_nonce_and_no_state(shop: Client, browser: Browser) -> None:
    login = shop.log_in(browser, nonce=None, state=None)
    assert login.parameters.keys() == {"code", "iss"}
    assert "nonce" not in login.tokens().claims


@pytest.mark.parametrize("mode", ["query", "form_post", None])
def test_an_answer_has_its_code_state_and_issuer_and_no_more(
    shop: Client, browser: Browser, mode: str | None
) -> None:
    login = shop.log_in(browser, response_mode=mode)
    assert login.parameters.keys() == {"code", "state", "iss"}
    assert login.parameters["iss"] == shop.issuer
    assert login.parameters["state"] == login.asked["state"]
    assert bool(login.page.posted) is (mode == "form_post")
    for hop in login.page.trail:
        assert hop.headers["Cache-Control"] == "no-store"
        assert hop.headers["Referrer-Policy"] == "no-referrer"
    assert login.redeem().status == 200


@pytest.mark.proves("core.error-form-post")
def test_a_form_post_leaves_nothing_in_an_address(shop: Client, browser: Browser) -> None:
    login = shop.log_in(browser, response_mode="form_post")
    assert login.page.url == login.asked["redirect_uri"]
    assert not any(login.code in hop.url for hop in login.page.trail)


@pytest.mark.proves("fapi2.cancel")
def test_who_cancels_is_answered_access_denied(shop: Client, browser: Browser) -> None:
    page, asked = shop.open(browser)
    refused(page.press("cancel"), "access_denied", shop.issuer, asked["state"])


@pytest.mark.proves("fapi2.nonce-long")
def test_a_long_nonce_and_state_come_back_whole(shop: Client, browser: Browser) -> None:
    login = shop.log_in(browser, state="s" * 512, nonce="n" * 512)
    assert login.parameters["state"] == "s" * 512
    assert login.tokens().claims["nonce"] == "n" * 512


@pytest.mark.proves("core.page-in-language")
def test_a_page_is_shown_in_the_language_that_was_wished(shop: Client, browser: Browser) -> None:
    for language in ("nl", "fr", "de", "en"):
        page, _ = shop.open(browser, ui_locales=f"xx {language}", prompt="login")
        assert page.markup.language == language
