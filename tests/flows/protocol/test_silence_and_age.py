"""``prompt``, ``max_age``, ``acr_values`` and hints: when a person is asked again, and when not."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

import pytest

from tests.world.client import walk

if TYPE_CHECKING:
    from tests.world.client import Client, Login
    from tests.world.scripted import Browser
    from tests.world.shops import Shops

LONG_STATE = (string.ascii_letters + string.digits + string.punctuation + " ~" * 20)[:128]


@pytest.fixture
def login(shop: Client, browser: Browser) -> Login:
    """The first login of this browser, consent remembered."""
    return shop.log_in(browser)


@pytest.mark.proves("core.silent-without-session")
def test_silence_without_a_session_is_answered_with_the_state_byte_for_byte(
    shop: Client, browser: Browser
) -> None:
    page, asked = shop.open(browser, prompt="none", state=LONG_STATE)
    assert len(asked["state"]) == 128
    assert page.parameters == {
        "error": "login_required",
        "error_description": page.parameters["error_description"],
        "state": LONG_STATE,
        "iss": shop.issuer,
    }


@pytest.mark.proves("core.silent-with-hint")
def test_silence_with_a_session_and_a_hint_shows_nothing_and_changes_nothing(
    made: Shops, shop: Client, browser: Browser, login: Login
) -> None:
    first = login.tokens()
    made.world.clock.move(seconds=5)
    page, asked = shop.open(browser, prompt="none", id_token_hint=first.id_token)
    assert [hop.status for hop in page.trail] == [303]
    second = shop.answered(page, asked).tokens()
    assert second.claims["sub"] == first.claims["sub"]
    assert second.claims["auth_time"] == first.claims["auth_time"]


def test_an_expired_id_token_is_still_a_hint(
    made: Shops, shop: Client, browser: Browser, login: Login
) -> None:
    hint = login.tokens().id_token
    made.world.clock.move(minutes=10)
    page, asked = shop.open(browser, prompt="none", id_token_hint=hint)
    assert shop.answered(page, asked).code


def test_a_hint_of_somebody_else_is_not_answered_for_who_is_here(
    shop: Client, browser: Browser, made: Shops, login: Login
) -> None:
    other = shop.log_in(made.world.browser(stops=browser.stops), username="jules").tokens()
    page, _ = shop.open(browser, prompt="none", id_token_hint=other.id_token)
    assert page.parameters["error"] == "login_required"
    assert login.code


def test_silence_where_consent_was_not_remembered_is_refused(made: Shops, browser: Browser) -> None:
    stranger = made["shop-post"]
    stranger.log_in(browser, username="lena", remember=False)
    page, _ = stranger.open(browser, prompt="none")
    assert page.parameters["error"] == "consent_required"


@pytest.mark.proves("core.prompt-login")
def test_a_new_login_is_shown_and_dated_when_it_is_asked(
    made: Shops, shop: Client, browser: Browser, login: Login
) -> None:
    first = login.tokens()
    made.world.clock.move(seconds=3)
    page, asked = shop.open(browser, prompt="login")
    assert page.url.startswith(shop.issuer)
    second = shop.answered(walk(page), asked).tokens()
    assert second.claims["auth_time"] > first.claims["auth_time"]
    assert second.claims["sub"] == first.claims["sub"]


@pytest.mark.proves("core.max-age-short")
def test_an_age_that_was_exceeded_asks_again(
    made: Shops, shop: Client, browser: Browser, login: Login
) -> None:
    first = login.tokens()
    made.world.clock.move(seconds=2)
    page, asked = shop.open(browser, max_age="1")
    assert page.url.startswith(shop.issuer)
    second = shop.answered(walk(page), asked).tokens()
    assert second.claims["auth_time"] > first.claims["auth_time"]


@pytest.mark.proves("core.max-age-long")
def test_an_age_that_is_kept_asks_nothing_and_is_told(
    made: Shops, shop: Client, browser: Browser, login: Login
) -> None:
    first = login.tokens()
    made.world.clock.move(seconds=2)
    page, asked = shop.open(browser, max_age="10000")
    second = shop.answered(page, asked).tokens()
    assert second.claims["auth_time"] == first.claims["auth_time"]


def test_a_session_that_lay_idle_is_over(made: Shops, shop: Client, browser: Browser) -> None:
    shop.log_in(browser)
    made.world.clock.move(minutes=31)
    page, _ = shop.open(browser, prompt="none")
    assert page.parameters["error"] == "login_required"


def test_consent_is_asked_again_when_that_is_asked(
    shop: Client, browser: Browser, login: Login
) -> None:
    page, asked = shop.open(browser, prompt="consent")
    assert page.has("agree")
    assert shop.answered(walk(page), asked).code != login.code


def test_prompt_none_beside_another_is_refused(shop: Client, browser: Browser) -> None:
    page, _ = shop.open(browser, prompt="none login")
    assert page.parameters["error"] == "invalid_request"


@pytest.mark.proves("core.acr-reached")
def test_a_voluntary_level_that_cannot_be_reached_gets_what_there_is(
    shop: Client, browser: Browser
) -> None:
    tokens = shop.log_in(browser, acr_values="urn:nobody:knows eidas1").tokens()
    assert tokens.claims["acr"] == "eidas1"


@pytest.mark.proves("core.acr-essential")
def test_an_essential_level_that_nobody_knows_fails(shop: Client, browser: Browser) -> None:
    claims = '{"id_token":{"acr":{"essential":true,"value":"urn:nobody:knows"}}}'
    page, _ = shop.open(browser, claims=claims)
    assert page.parameters["error"] == "unmet_authentication_requirements"


@pytest.mark.parametrize("member", ["value", "values"])
@pytest.mark.proves("core.acr-essential")
def test_an_essential_level_is_read_from_value_and_from_values(
    shop: Client, browser: Browser, member: str
) -> None:
    word = '"eidas2"' if member == "value" else '["eidas2"]'
    claims = f'{{"id_token":{{"acr":{{"essential":true,"{member}":{word}}}}}}}'
    assert shop.log_in(browser, claims=claims).tokens().claims["acr"] == "eidas2"


def test_silence_where_a_higher_level_is_essential_asks_for_interaction(
    shop: Client, browser: Browser, login: Login
) -> None:
    assert login.code
    claims = '{"id_token":{"acr":{"essential":true,"value":"eidas3"}}}'
    page, _ = shop.open(browser, claims=claims, prompt="none")
    assert page.parameters["error"] == "interaction_required"
