"""Whatever the discovery document names is tried; see `test_unadvertised` for the rest."""

from __future__ import annotations

import json
from secrets import token_urlsafe
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.flows.protocol import forms, onward
from tests.world.client import OF_THE_CARD, SIGNING, Client, made_key, signed, walk
from tests.world.scripted_card import sign_with_card
from tests.world.shops import KINDS
from tests.world.wire import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.world.scripted import Browser, Page
    from tests.world.shops import Shops

    Case = Callable[["Shops", Browser, str], None]

BOOLEANS = {
    "claims_parameter_supported": True,
    "verified_claims_supported": True,
    "backchannel_user_code_parameter_supported": True,
    "backchannel_logout_supported": True,
    "backchannel_logout_session_supported": True,
    "frontchannel_logout_supported": True,
    "frontchannel_logout_session_supported": True,
    "authorization_response_iss_parameter_supported": True,
    "request_parameter_supported": True,
    "request_uri_parameter_supported": False,
    "require_pushed_authorization_requests": False,
}


def client_of(made: Shops, *, auth: str, algorithm: str = "ES256") -> Client:
    """The client that proves itself in this way."""
    for name, kind in KINDS.items():
        found = (kind.get("auth", "private_key_jwt"), kind.get("algorithm", "ES256"))
        if found[0] == auth and (auth != "private_key_jwt" or found[1] == algorithm):
            return made[name]
    raise LookupError(auth, algorithm)


def with_card(made: Shops, page: Page) -> Page:
    """Sign in with the eID card of somebody who has no other means, and agree."""
    if page.has("method-card"):
        page = page.press("method-card")
    world = made.world.world
    return walk(sign_with_card(page, world.card("moved"), pin=world.people.pin))


# --- one story a member ---------------------------------------------------------------------------


def response_type(made: Shops, browser: Browser, value: str) -> None:
    assert made["shop"].log_in(browser, response_type=value).tokens()


def response_mode(made: Shops, browser: Browser, value: str) -> None:
    assert made["shop"].log_in(browser, response_mode=value).tokens()


def scope(made: Shops, browser: Browser, value: str) -> None:
    if value in onward.MANAGING and value != "openid":
        onward.managing_scope(made, browser, value)
        return
    wanted = " ".join(dict.fromkeys(["openid", value]))
    tokens = made["shop"].log_in(browser, scope=wanted, prompt="consent").tokens()
    assert value in tokens.members["scope"].split()


def claim(made: Shops, browser: Browser, value: str) -> None:
    shop = made["shop"]
    wanted = f'{{"userinfo":{{"{value}":null}}}}'
    page, asked = shop.open(browser, scope="openid", max_age="600", claims=wanted)
    page = with_card(made, page) if value in OF_THE_CARD else walk(page)
    tokens = shop.answered(page, asked).tokens()
    assert value in {**tokens.info(), **tokens.claims}


def acr(made: Shops, browser: Browser, value: str) -> None:
    page, asked = made["shop"].open(browser, acr_values=value)
    page = walk(page) if page.has("method-seeded") else with_card(made, page)
    assert made["shop"].answered(page, asked).tokens().claims["acr"] == value


def prompt(made: Shops, browser: Browser, value: str) -> None:
    made["shop"].log_in(browser)
    page, asked = made["shop"].open(browser, prompt=value)
    assert page.url.startswith(made["shop"].home) is (value == "none")
    assert made["shop"].answered(walk(page), asked).tokens()


def grant_type(made: Shops, browser: Browser, value: str) -> None:
    if value == onward.EXCHANGE:
        onward.exchange(made, browser)
        return
    tokens = made["shop"].log_in(browser).tokens()
    if value == "refresh_token":
        assert made["shop"].refresh(tokens.refresh).status == 200


def challenge_method(made: Shops, browser: Browser, value: str) -> None:
    assert made["shop"].log_in(browser, code_challenge_method=value).tokens()


def subject_type(made: Shops, browser: Browser, value: str) -> None:
    name = f"subject-{value}"
    if name not in made.known:
        made.add(name, approve=value == "public", changes={"subject_type": value})
    assert made[name].log_in(browser).tokens().claims["sub"]


def id_token_algorithm(made: Shops, browser: Browser, value: str) -> None:
    (name, *_) = [
        name for name, kind in KINDS.items() if kind.get("id_token_algorithm") == value
    ] or ["shop"]
    assert made[name].log_in(browser).tokens().header["alg"] == value


def token_method(made: Shops, browser: Browser, value: str) -> None:
    assert client_of(made, auth=value).log_in(browser).tokens()


def token_algorithm(made: Shops, browser: Browser, value: str) -> None:
    shop = client_of(made, auth="private_key_jwt", algorithm=value)
    assert shop.log_in(browser).tokens()
    assert shop.push(shop.request()).status == 201


def revocation_method(made: Shops, browser: Browser, value: str) -> None:
    revokes(client_of(made, auth=value), browser)


def revocation_algorithm(made: Shops, browser: Browser, value: str) -> None:
    revokes(client_of(made, auth="private_key_jwt", algorithm=value), browser)


def revokes(shop: Client, browser: Browser) -> None:
    tokens = shop.log_in(browser).tokens()
    assert shop.post("/revoke", {"token": tokens.access}).status == 200
    assert shop.userinfo(tokens.access).status == 401


def introspection_method(made: Shops, browser: Browser, value: str) -> None:
    introspects(client_of(made, auth=value), browser)


def introspection_algorithm(made: Shops, browser: Browser, value: str) -> None:
    introspects(client_of(made, auth="private_key_jwt", algorithm=value), browser)


def introspects(shop: Client, browser: Browser) -> None:
    assert shop.introspect(shop.log_in(browser).tokens().access)["active"] is True


def locale(made: Shops, browser: Browser, value: str) -> None:
    page, _ = made["shop"].open(browser, ui_locales=value)
    assert page.markup.language == value


def claim_type(made: Shops, browser: Browser, value: str) -> None:
    info = made["shop"].log_in(browser).tokens().info()
    assert value == "normal"
    assert not {"_claim_names", "_claim_sources"} & info.keys()


def answer_algorithm(made: Shops, browser: Browser, value: str) -> None:
    name = f"answers-{value.lower()}"
    changes = {"authorization_signed_response_alg": value}
    shop = made.known.get(name) or made.add(name, changes=changes)
    page, asked = shop.open(browser, response_mode="jwt")
    assert shop.answered(walk(page), asked).tokens()


def request_algorithm(made: Shops, browser: Browser, value: str) -> None:
    del browser
    shop = client_of(made, auth="private_key_jwt", algorithm=value)
    pushed = shop.post("/par", {"request": signed_by(shop, shop.request().parameters)})
    assert pushed.status == 201


def signed_by(shop: Client, parameters: Mapping[str, object]) -> str:
    at = int(shop.now().timestamp())
    about = {"iss": shop.id, "aud": shop.issuer, "iat": at, "nbf": at, "exp": at + 60}
    return signed(
        {"alg": shop.algorithm}, {**about, "jti": token_urlsafe(12), **parameters}, shop.key
    )


def proof_algorithm(made: Shops, browser: Browser, value: str) -> None:
    shop, key = made["shop"], made_key(value)
    login = shop.log_in(browser)
    form = {
        "grant_type": "authorization_code",
        "code": login.code,
        "redirect_uri": shop.callback,
        "code_verifier": login.asked.verifier,
    }
    nonce = None
    for expected in ("use_dpop_nonce", None):
        about = {"htm": "POST", "htu": f"{shop.issuer}/token", "jti": token_urlsafe(12)}
        claims = {
            **about,
            "iat": int(shop.now().timestamp()),
            **({"nonce": nonce} if nonce else {}),
        }
        head = {"typ": "dpop+jwt", "alg": value, "jwk": key.as_dict(private=False)}
        proof, headers = shop.credentials()
        reply = ask(
            shop.issuer,
            "POST",
            "/token",
            {**proof, **form},
            {**headers, "DPoP": signed(head, claims, key)},
        )
        nonce = reply.headers["DPoP-Nonce"]
        assert reply.json.get("error") == expected
    assert reply.json["token_type"] == "DPoP"


def asking_client(made: Shops, name: str, **changes: object) -> Client:
    """A client that asks behind the browser's back, with the key of one that is there."""
    grants = ["authorization_code", "refresh_token", "urn:openid:params:grant-type:ciba"]
    if name in made.known:
        return made[name]
    algorithm = changes.get("backchannel_authentication_request_signing_alg", "ES256")
    return made.add(name, changes={"grant_types": grants, **changes}, algorithm=str(algorithm))


def accepted(shop: Client, **sent: str) -> None:
    plain = {"scope": "openid", "login_hint": "nobody", "binding_message": "Desk 4"}
    form = sent if "request" in sent else {**plain, **sent}
    reply = shop.post("/bc-authorize", form)
    assert reply.status == 200, reply
    assert reply.json["auth_req_id"]


def asking_algorithm(made: Shops, browser: Browser, value: str) -> None:
    del browser
    changes = {"backchannel_authentication_request_signing_alg": value}
    shop = asking_client(made, f"asks-{value.lower()}", **changes)
    asked = {"scope": "openid", "login_hint": "nobody", "binding_message": "Desk 4"}
    accepted(shop, request=signed_by(shop, asked))


def delivery_mode(made: Shops, browser: Browser, value: str) -> None:
    del browser
    told = {"backchannel_client_notification_endpoint": "https://shop.example/told"}
    more = told if value == "ping" else {}
    shop = asking_client(made, f"asks-by-{value}", backchannel_token_delivery_mode=value, **more)
    accepted(shop, **({"client_notification_token": "t" * 24} if value == "ping" else {}))


DETAILS: dict[str, dict[str, object]] = {
    "payment": {
        "amount": "12.50",
        "currency": "EUR",
        "creditor": "Library",
        "iban": "BE71096123456769",
    },
    "sign": {"title": "Lease", "sha256": "0" * 64},
    "data-share": {"recipient": "School", "claims": ["address"]},
}


def detail_type(made: Shops, browser: Browser, value: str) -> None:
    del browser
    members = {"type": value, **DETAILS[value.rpartition("/")[2]]}
    shop = asking_client(made, "asks-by-poll", backchannel_token_delivery_mode="poll")
    accepted(shop, authorization_details=json.dumps([members]))


LISTS: dict[str, Case] = {
    **forms.LISTS,
    **onward.LISTS,
    "authorization_signing_alg_values_supported": answer_algorithm,
    "request_object_signing_alg_values_supported": request_algorithm,
    "dpop_signing_alg_values_supported": proof_algorithm,
    "backchannel_authentication_request_signing_alg_values_supported": asking_algorithm,
    "backchannel_token_delivery_modes_supported": delivery_mode,
    "authorization_details_types_supported": detail_type,
    "response_types_supported": response_type,
    "response_modes_supported": response_mode,
    "scopes_supported": scope,
    "claims_supported": claim,
    "acr_values_supported": acr,
    "prompt_values_supported": prompt,
    "grant_types_supported": grant_type,
    "code_challenge_methods_supported": challenge_method,
    "subject_types_supported": subject_type,
    "id_token_signing_alg_values_supported": id_token_algorithm,
    "token_endpoint_auth_methods_supported": token_method,
    "token_endpoint_auth_signing_alg_values_supported": token_algorithm,
    "revocation_endpoint_auth_methods_supported": revocation_method,
    "revocation_endpoint_auth_signing_alg_values_supported": revocation_algorithm,
    "introspection_endpoint_auth_methods_supported": introspection_method,
    "introspection_endpoint_auth_signing_alg_values_supported": introspection_algorithm,
    "ui_locales_supported": locale,
    "claim_types_supported": claim_type,
}


@pytest.mark.parametrize("member", LISTS)
@pytest.mark.proves("discovery.works")
def test_every_value_that_is_advertised_works(made: Shops, member: str) -> None:
    values = made.metadata()[member]
    assert values
    assert len(set(values)) == len(values)
    for value in values:
        with made.world.browser(stops=(made["shop"].home,)) as browser:
            LISTS[member](made, browser, value)


@pytest.mark.proves("discovery.members")
def test_no_member_is_advertised_without_a_test(made: Shops) -> None:
    members = made.metadata().keys()
    endpoints = {name for name in members if name.endswith("_endpoint") or name == "jwks_uri"}
    assert members == endpoints | LISTS.keys() | BOOLEANS.keys() | {"issuer"}


@pytest.mark.proves("discovery.endpoints")
def test_every_endpoint_that_is_advertised_is_there(made: Shops) -> None:
    found = made.metadata()
    for name in (name for name in found if name.endswith("_endpoint") or name == "jwks_uri"):
        assert found[name].startswith(f"{made.world.issuer}/")
        reply = ask(made.world.issuer, "GET", urlsplit(found[name]).path)
        assert reply.status not in (404, 500), name


@pytest.mark.proves("discovery.issuer")
def test_the_document_says_who_it_is_of_and_what_it_does_not_do(made: Shops) -> None:
    found = made.metadata()
    assert found["issuer"] == made.world.issuer
    assert {name: found[name] for name in BOOLEANS} == BOOLEANS
    assert set(found["id_token_signing_alg_values_supported"]) == set(SIGNING)


def test_the_documents_may_be_kept_and_asked_for_again_by_their_tag(made: Shops) -> None:
    for path in ("/.well-known/openid-configuration", "/jwks"):
        reply = ask(made.world.issuer, "GET", path)
        assert "max-age=300" in reply.headers["Cache-Control"]
        assert reply.headers["Content-Type"].startswith(("application/json", "application/jwk-set"))
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
        assert reply.headers["Set-Cookie"] is None
        again = ask(
            made.world.issuer, "GET", path, headers={"If-None-Match": reply.headers["ETag"]}
        )
        assert again.status == 304
        assert again.body == b""
