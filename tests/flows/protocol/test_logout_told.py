"""E-services hear of a logout: behind the browser's back, and in frames of the page."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.flows.protocol.test_logout import leave, signed_in, stays
from tests.world.client import HOME
from tests.world.hearing import Hearing, hearing
from tests.world.relying_party.logout_token import LoggedOut, LogoutTokens
from tests.world.wire import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.world.client import Client
    from tests.world.scripted import Browser
    from tests.world.shops import Shops


@pytest.fixture(scope="module")
def listening(made: Shops) -> Iterator[Hearing]:
    """A listener at the one port of e-services that the provider may call."""
    with hearing(made.world.deployment.ports.service) as found:
        yield found


@pytest.fixture
def heard(listening: Hearing) -> Hearing:
    """The same, with nothing heard yet."""
    listening.gate.set()
    listening.calls.clear()
    listening.answers.clear()
    return listening


@pytest.fixture(scope="module")
def hears(made: Shops, listening: Hearing) -> Client:
    return made.add("shop-hears", changes={"backchannel_logout_uri": f"{listening.url}?at=shop"})


@pytest.fixture(scope="module")
def hears_too(made: Shops, listening: Hearing) -> Client:
    changes = {
        "sector": "bank.example",
        "backchannel_logout_uri": f"{listening.url}?at=bank",
        "backchannel_logout_session_required": True,
    }
    return made.add("bank-hears", changes=changes, algorithm="PS256", id_token_algorithm="PS256")


def read(client: Client, compact: str) -> LoggedOut:
    """Read a token as an e-service does, with nothing of the provider in it."""
    keys = ask(client.issuer, "GET", "/jwks").json
    reader = LogoutTokens(
        issuer=client.issuer, client_id=client.id, algorithm=client.id_token_algorithm
    )
    return reader.read(compact, now=int(client.now().timestamp()), keys=lambda *, fresh: keys)  # noqa: ARG005


def named(claims: Any) -> LoggedOut:
    return LoggedOut(sid=claims["sid"], subject=claims["sub"])


@pytest.mark.proves("logout.token")
@pytest.mark.proves("logout.sid")
@pytest.mark.proves("logout.before-arrival")
def test_a_logout_is_told_before_the_browser_is_back(
    hears: Client, heard: Hearing, browser: Browser
) -> None:
    tokens = hears.log_in(browser).tokens()
    begun = time.monotonic()
    page = leave(
        hears,
        browser,
        id_token_hint=tokens.id_token,
        post_logout_redirect_uri=hears.signed_out,
        state="s",
    )
    # It waits for a second and a half; a housekeeper that is later still tells it afterwards.
    assert heard.calls or time.monotonic() - begun > 1.4
    assert page.url == f"{hears.signed_out}?state=s"
    (call,) = heard.wait_for(1)
    assert call.form.keys() == {"logout_token"}
    assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert read(hears, call.form["logout_token"]) == named(tokens.claims)
    keys = KeySet.import_key_set(ask(hears.issuer, "GET", "/jwks").json)
    token = jwt.decode(call.form["logout_token"], keys)
    assert token.header["typ"] == "logout+jwt"
    assert token.claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert token.claims["exp"] - token.claims["iat"] <= 120
    assert "nonce" not in token.claims


def test_every_e_service_of_a_sign_on_is_told_its_own_name_of_it(
    hears: Client, hears_too: Client, heard: Hearing, browser: Browser
) -> None:
    known = {one.id: one.log_in(browser).tokens() for one in (hears, hears_too)}
    page = leave(hears, browser).press("confirm-logout")
    assert page.has("signed-out")
    calls = {call.path: call.form["logout_token"] for call in heard.wait_for(2)}
    assert calls.keys() == {"/out?at=shop", "/out?at=bank"}
    told = (read(hears, calls["/out?at=shop"]), read(hears_too, calls["/out?at=bank"]))
    assert told == tuple(named(known[one.id].claims) for one in (hears, hears_too))
    assert told[0].subject != told[1].subject


def test_another_person_in_the_same_browser_ends_the_first_ones_sign_on(
    hears: Client, heard: Hearing, browser: Browser
) -> None:
    first = hears.log_in(browser).tokens()
    hears.log_in(browser, username="jules", prompt="login")
    (call,) = heard.wait_for(1)
    assert read(hears, call.form["logout_token"]) == named(first.claims)


def test_a_logout_token_is_taken_back_for_nothing(
    hears: Client, heard: Hearing, browser: Browser
) -> None:
    leave(hears, browser, id_token_hint=hears.log_in(browser).tokens().id_token)
    (call,) = heard.wait_for(1)
    hears.log_in(browser)
    page = leave(
        hears,
        browser,
        id_token_hint=call.form["logout_token"],
        post_logout_redirect_uri=hears.signed_out,
    )
    stays(hears, page)
    assert signed_in(hears, browser)


def test_an_e_service_that_does_not_answer_keeps_nobody_signed_in(
    hears: Client, heard: Hearing, browser: Browser
) -> None:
    tokens = hears.log_in(browser).tokens()
    heard.gate.clear()
    page = leave(
        hears,
        browser,
        id_token_hint=tokens.id_token,
        post_logout_redirect_uri=hears.signed_out,
    )
    assert page.url == hears.signed_out
    heard.gate.set()
    assert not signed_in(hears, browser)
    assert hears.userinfo(tokens.access).status == 401


@pytest.mark.proves("logout.front-channel")
def test_a_frame_of_the_page_tells_the_issuer_and_the_sid_of_the_id_token(
    made: Shops, browser: Browser
) -> None:
    framed = made.add(
        "shop-framed", changes={"frontchannel_logout_uri": f"{HOME}/shop-framed/front?a=b"}
    )
    tokens = framed.log_in(browser).tokens()
    page = leave(
        framed,
        browser,
        id_token_hint=tokens.id_token,
        post_logout_redirect_uri=framed.signed_out,
        state="s",
    )
    assert page.has("signed-out")
    (frame,) = re.findall(r'<iframe src="([^"]*)"', page.text)
    address = urlsplit(unescape(frame))
    assert frame.startswith(f"{HOME}/shop-framed/front?a=b&amp;")
    assert parse_qsl(address.query)[1:] == [
        ("iss", framed.issuer),
        ("sid", tokens.claims["sid"]),
    ]
    assert f"frame-src {HOME};" in page.headers["Content-Security-Policy"]
    assert page.follow("onward").url == f"{framed.signed_out}?state=s"
    assert not signed_in(replace(framed), browser)
