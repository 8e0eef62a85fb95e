"""What userinfo and the ID token hold, by scope and by the ``claims`` parameter."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

from tests.world.wire import ask

if TYPE_CHECKING:
    from tests.world.client import Client
    from tests.world.scripted import Browser

OF_SCOPE = {
    "profile": {
        "name": "Nora Van Voorbeeld",
        "given_name": "Nora",
        "family_name": "Van Voorbeeld",
        "middle_name": "Élise",
        "nickname": "Noor",
        "preferred_username": "nora",
        "profile": "https://people.example/nora",
        "picture": "https://people.example/nora.jpg",
        "website": "https://nora.example/",
        "gender": "female",
        "birthdate": "1985-07-30",
        "zoneinfo": "Europe/Brussels",
        "locale": "nl-BE",
    },
    "email": {"email": "nora@people.example", "email_verified": False},
    "phone": {"phone_number": "+32 470 00 00 00", "phone_number_verified": False},
    "address": {
        "address": {
            "formatted": "Sint-Jansstraat 7 b 3\n3000 Leuven",
            "street_address": "Sint-Jansstraat 7 b 3",
            "postal_code": "3000",
            "locality": "Leuven",
            "country": "BE",
        }
    },
}


@pytest.mark.parametrize("scope", [*OF_SCOPE, " ".join(OF_SCOPE)])
@pytest.mark.proves("core.scopes-complete")
def test_userinfo_has_every_claim_of_each_scope_and_the_id_token_none(
    shop: Client, browser: Browser, scope: str
) -> None:
    tokens = shop.log_in(browser, scope=f"openid {scope}").tokens()
    info = tokens.info()
    expected = {name: value for word in scope.split() for name, value in OF_SCOPE[word].items()}
    if "profile" in scope:
        assert type(info.pop("updated_at")) is int
    assert info == {"sub": tokens.claims["sub"], **expected}
    assert not expected.keys() & tokens.claims.keys()


def test_scopes_in_any_order_and_unknown_ones_are_fine(shop: Client, browser: Browser) -> None:
    tokens = shop.log_in(browser, scope="email nobody:knows openid").tokens()
    assert tokens.info()["email"] == "nora@people.example"
    assert tokens.members["scope"].split() == ["email", "openid"]


@pytest.mark.proves("core.claims-userinfo")
def test_a_claim_asked_at_userinfo_stays_out_of_the_id_token(
    shop: Client, browser: Browser
) -> None:
    tokens = shop.log_in(
        browser, scope="openid", claims='{"userinfo":{"name":{"essential":true}}}'
    ).tokens()
    assert tokens.info()["name"] == "Nora Van Voorbeeld"
    assert "name" not in tokens.claims


def test_a_claim_asked_in_the_id_token_stays_out_of_userinfo(
    shop: Client, browser: Browser
) -> None:
    tokens = shop.log_in(browser, scope="openid", claims='{"id_token":{"email":null}}').tokens()
    assert tokens.claims["email"] == "nora@people.example"
    assert "email" not in tokens.info()


def test_a_claim_that_nobody_knows_is_left_out(shop: Client, browser: Browser) -> None:
    claims = '{"userinfo":{"shoe_size":{"essential":true},"nickname":null}}'
    info = shop.log_in(browser, scope="openid", claims=claims).tokens().info()
    assert info.keys() == {"sub", "nickname"}


def test_the_national_number_leaves_only_where_it_is_asked_by_name(
    shop: Client, browser: Browser
) -> None:
    everything = shop.log_in(browser, scope="openid profile email phone address").tokens()
    assert "85073099833" not in repr((everything.claims, everything.info(), everything.members))
    asked = shop.log_in(browser, scope="openid egovnrn").tokens()
    assert asked.info()["egovNRN"] == "85073099833"
    assert "85073099833" not in repr(asked.claims)


def test_a_claim_that_the_person_unticked_does_not_leave(shop: Client, browser: Browser) -> None:
    page, asked = shop.open(browser, scope="openid email phone", prompt="login consent")
    page = page.press("method-seeded").form("seeded").submit(username="nora")
    boxes = {name for name in page.form("consent").form.names if name.startswith("claim.")}
    page = page.form("consent").tick(*sorted(boxes - {"claim.email"})).submit()
    info = shop.answered(page, asked).tokens().info()
    assert "email" not in info
    assert info["phone_number"] == "+32 470 00 00 00"


@pytest.mark.proves("core.userinfo-ways", "fapi2.date")
def test_userinfo_answers_a_header_by_get_and_post_and_a_form(
    shop: Client, browser: Browser
) -> None:
    tokens = shop.log_in(browser).tokens()
    bearer = {"Authorization": f"Bearer {tokens.access}"}
    by_get = ask(shop.issuer, "GET", "/userinfo", headers=bearer)
    by_post = ask(shop.issuer, "POST", "/userinfo", headers=bearer)
    by_form = ask(shop.issuer, "POST", "/userinfo", {"access_token": tokens.access})
    assert by_get.json == by_post.json == by_form.json
    assert by_get.json["sub"] == tokens.claims["sub"]
    assert by_get.headers["Cache-Control"] == "no-store"
    assert by_get.headers["Content-Type"] == "application/json"
    assert parsedate_to_datetime(by_get.headers["Date"]).tzinfo is not None


def test_subjects_are_the_same_in_a_sector_and_another_outside_it(
    shop: Client, browser: Browser, elsewhere: Client
) -> None:
    here = shop.log_in(browser).tokens().claims["sub"]
    there = elsewhere.log_in(browser).tokens().claims["sub"]
    assert here != there
    assert "85073099833" not in (here + there)
