"""Codes, access tokens, refresh tokens and ID tokens, as certification looks at them."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.world.wire import ask

if TYPE_CHECKING:
    from tests.world.client import Client, Login
    from tests.world.scripted import Browser
    from tests.world.shops import Shops


@pytest.fixture
def login(shop: Client, browser: Browser) -> Login:
    return shop.log_in(browser)


@pytest.mark.proves("core.code-reuse")
def test_a_code_that_comes_back_is_refused_and_ends_what_it_gave(
    shop: Client, login: Login
) -> None:
    tokens = login.tokens()
    assert shop.userinfo(tokens.access).status == 200
    assert login.redeem().error == (400, "invalid_grant")
    assert shop.userinfo(tokens.access).status == 401
    assert shop.refresh(tokens.refresh).error == (400, "invalid_grant")
    assert shop.introspect(tokens.access) == {"active": False}


@pytest.mark.proves("fapi2.code-minute")
def test_a_code_lives_for_a_minute(made: Shops, login: Login) -> None:
    made.world.clock.move(seconds=61)
    assert login.redeem().error == (400, "invalid_grant")


@pytest.mark.proves("fapi2.code-minute")
def test_a_code_belongs_to_its_client(made: Shops, login: Login) -> None:
    stolen = made["shop-basic"].redeem(
        login.code, login.asked.verifier, redirect_uri=login.asked["redirect_uri"]
    )
    assert stolen.error == (400, "invalid_grant")
    assert login.redeem().status == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": "https://shop.example/other"},
        {"redirect_uri": None},
        {"code_verifier": "a" * 43},
        {"code_verifier": None},
    ],
    ids=str,
)
@pytest.mark.proves("core.pkce-honoured")
def test_a_code_needs_its_redirect_uri_and_verifier(
    login: Login, wrong: dict[str, str | None]
) -> None:
    verifier = wrong.pop("code_verifier", login.asked.verifier)
    refused = login.client.redeem(login.code, verifier, **wrong)
    assert refused.error[0] == 400
    assert refused.error[1] in ("invalid_grant", "invalid_request")


@pytest.mark.proves("core.code-entropy")
def test_codes_and_tokens_are_long_and_random(login: Login) -> None:
    tokens = login.tokens()
    for secret in (login.code, tokens.access, tokens.refresh):
        assert bits(secret) > 128


def bits(text: str) -> float:
    """The estimate of certification: length times the entropy of its characters."""
    shares = [count / len(text) for count in Counter(text).values()]
    return -len(text) * sum(share * math.log2(share) for share in shares)


@pytest.mark.proves("core.token-errors")
def test_a_token_response_is_never_kept(login: Login) -> None:
    for reply in (login.redeem(), login.redeem()):
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["Content-Type"] == "application/json"


@pytest.mark.proves("core.refresh-bound")
def test_a_refresh_token_is_bound_to_its_client(made: Shops, shop: Client, login: Login) -> None:
    tokens = login.tokens()
    stolen = made["shop-basic"].refresh(tokens.refresh)
    assert stolen.error == (400, "invalid_grant")
    assert stolen.headers["Cache-Control"] == "no-store"
    assert shop.refresh(tokens.refresh, scope="openid profile").status == 200


def test_a_refresh_may_narrow_the_scope_and_never_widen_it(shop: Client, login: Login) -> None:
    refresh = login.tokens().refresh
    assert shop.refresh(refresh, scope="openid profile email").error == (400, "invalid_scope")
    narrowed = shop.refresh(refresh, scope="openid")
    assert narrowed.json["scope"] == "openid"
    assert "given_name" not in shop.userinfo(narrowed.json["access_token"]).json


def test_a_refreshed_id_token_keeps_who_and_when(made: Shops, shop: Client, login: Login) -> None:
    first = login.tokens()
    made.world.clock.move(seconds=30)
    again = shop.refresh(first.refresh).json
    second = type(first)(client=shop, members=again)
    for name in ("iss", "sub", "aud", "auth_time", "acr", "sid"):
        assert second.claims[name] == first.claims[name]
    assert second.claims["iat"] > first.claims["iat"]


@pytest.mark.parametrize("name", ["shop", "shop-ps256", "shop-rs256", "shop-eddsa"])
@pytest.mark.proves("core.kid")
def test_an_id_token_names_its_key_and_the_key_is_published(
    made: Shops, browser: Browser, name: str
) -> None:
    shop = made[name]
    tokens = shop.log_in(browser).tokens()
    reply = ask(shop.issuer, "GET", "/jwks")
    keys = reply.json["keys"]
    kids = [key["kid"] for key in keys]
    assert len(set(kids)) == len(kids)
    assert tokens.header["kid"] in kids
    assert tokens.header["alg"] == shop.id_token_algorithm
    assert not any({"d", "p", "q", "dp", "dq", "qi", "k"} & key.keys() for key in keys)
    assert reply.headers["Set-Cookie"] is None


@pytest.mark.proves("core.times")
def test_the_times_of_an_id_token_are_now_and_short(made: Shops, login: Login) -> None:
    claims = login.tokens().claims
    now = made.world.clock.now().timestamp()
    assert claims["auth_time"] <= claims["iat"] <= now + 1
    assert now - claims["auth_time"] < 300
    assert claims["exp"] - claims["iat"] == 300
    assert claims["acr"]


def test_a_revoked_refresh_token_takes_its_access_tokens_along(shop: Client, login: Login) -> None:
    tokens = login.tokens()
    assert shop.post("/revoke", {"token": tokens.refresh}).status == 200
    assert shop.userinfo(tokens.access).status == 401
    assert shop.refresh(tokens.refresh).error == (400, "invalid_grant")


def test_a_stranger_neither_revokes_nor_learns(made: Shops, shop: Client, login: Login) -> None:
    tokens, stranger = login.tokens(), made["shop-basic"]
    assert stranger.introspect(tokens.access) == {"active": False}
    assert stranger.post("/revoke", {"token": tokens.access}).status == 200
    assert shop.userinfo(tokens.access).status == 200
    nobody = ask(shop.issuer, "POST", "/introspect", {"token": tokens.access})
    assert nobody.error == (401, "invalid_client")
