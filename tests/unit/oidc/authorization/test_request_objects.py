"""Requests that a client signed (RFC 9101): what stands inside counts, or nothing does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from idp.errors import INVALID_REQUEST, INVALID_REQUEST_OBJECT, REQUEST_NOT_SUPPORTED
from idp.oidc.requests import At
from tests.contract.store.stand_ins import SHOP
from tests.unit.oidc.authorization.desk import (
    CALLBACK,
    ISSUER,
    PLAIN,
    Caller,
    asking,
    form,
    kept_with_us,
    refusal,
    told_to_client,
)
from tests.world.client import made_key, signed

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    from idp.oidc.form import Parameters
    from tests.contract.store.stand_ins import Clock
    from tests.unit.oidc.authorization.desk import Desk

KEYS: dict[str, ECKey | OKPKey | RSAKey] = {
    name: made_key(name) for name in ("ES256", "EdDSA", "PS256")
}
STRANGER = made_key("ES256")
TYPED = "oauth-authz-req+jwt"
AUTHORIZE_AND_PAR = pytest.mark.parametrize("at", [At.AUTHORIZE, At.PAR])


@pytest.fixture(autouse=True)
def _keys(desk: Desk) -> None:
    keys = [key.as_dict(private=False) for key in KEYS.values()]
    desk.change(jwks={"keys": keys})


def content(clock: Clock, **changes: Any) -> dict[str, Any]:
    at = int(clock().timestamp())
    whole = {
        "iss": SHOP,
        "aud": ISSUER,
        "iat": at,
        "nbf": at,
        "exp": at + 300,
        "jti": "j-1",
        **PLAIN,
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def made(
    clock: Clock, *, algorithm: str = "ES256", key: Any = None, typ: str = TYPED, **changes: Any
) -> str:
    header = {"alg": algorithm, "typ": typ}
    return signed(header, content(clock, **changes), key or KEYS[algorithm])


def alone(text: str, **beside: str) -> Parameters:
    return form({"client_id": SHOP, "request": text, **beside})


@pytest.mark.parametrize("algorithm", KEYS)
def test_what_was_signed_is_what_counts(desk: Desk, clock: Clock, algorithm: str) -> None:
    text = made(clock, algorithm=algorithm, nonce="n" * 384, max_age=7, state="inside")
    asked = desk.reader.read(
        alone(text, state="outside", redirect_uri="https://evil.example/", scope="profile")
    )
    assert (asked.redirect_uri, asked.state, asked.nonce) == (CALLBACK, "inside", "n" * 384)
    assert asked.scopes == ("openid",)
    assert asked.max_age == 7
    assert asked.signed is not None
    assert asked.signed.jti == "j-1"


def test_state_beside_the_object_is_no_state(desk: Desk, clock: Clock) -> None:
    assert desk.reader.read(alone(made(clock, state=None), state="outside")).state is None


def test_claims_may_be_an_object_inside_the_object(desk: Desk, clock: Clock) -> None:
    claims = {"userinfo": {"given_name": {"essential": True}}}
    for written in (claims, json.dumps(claims)):
        asked = desk.reader.read(alone(made(clock, claims=written)))
        assert [one.name for one in asked.userinfo_claims] == ["given_name"]


def test_it_may_be_pushed(desk: Desk, clock: Clock) -> None:
    pushed = desk.pushed.push(alone(made(clock)), Caller(client=desk.client()))
    asked = desk.reader.read(form({"client_id": SHOP, "request_uri": pushed["request_uri"]}))
    assert asked.redirect_uri == CALLBACK
    assert asked.signed is not None


BAD: list[dict[str, Any]] = [
    {"iss": "somebody"},
    {"iss": None},
    {"sub": SHOP},
    {"aud": None},
    {"aud": f"{ISSUER}/"},
    {"aud": ["https://other.example"]},
    {"exp": None},
    {"nbf": None},
    {"exp": "soon"},
    {"jti": ""},
    {"jti": 7},
    {"client_id": "somebody"},
    {"request": "e30.e30.e30"},
    {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
    {"prompt": True},
    {"max_age": 1.5},
]


@AUTHORIZE_AND_PAR
@pytest.mark.parametrize("changes", BAD, ids=str)
@pytest.mark.proves("message-signing.request-object")
def test_claims_that_do_not_say_who_asks_whom(
    desk: Desk, clock: Clock, at: At, changes: dict[str, Any]
) -> None:
    refused = refusal(desk, at, alone(made(clock, **changes)))
    assert refused.problem is INVALID_REQUEST_OBJECT, refused.detail


TIMES = [
    {"exp": -300},
    {"nbf": 61, "exp": 300},
    {"nbf": 600, "exp": 900},
    {"nbf": -3700, "exp": 300},
    {"exp": 4200},
    {"iat": 3600},
]


@AUTHORIZE_AND_PAR
@pytest.mark.parametrize("offsets", TIMES, ids=str)
@pytest.mark.proves("message-signing.request-object")
def test_times_out_of_bounds(desk: Desk, clock: Clock, at: At, offsets: dict[str, int]) -> None:
    now = int(clock().timestamp())
    moved = {name: now + offset for name, offset in offsets.items()}
    assert refusal(desk, at, alone(made(clock, **moved))).problem is INVALID_REQUEST_OBJECT


@pytest.mark.parametrize("offsets", [{"nbf": 8, "iat": 8}, {"nbf": -3500, "exp": 60}], ids=str)
@pytest.mark.proves("message-signing.request-object")
def test_times_within_bounds(desk: Desk, clock: Clock, offsets: dict[str, int]) -> None:
    now = int(clock().timestamp())
    moved = {name: now + offset for name, offset in offsets.items()}
    assert desk.reader.read(alone(made(clock, **moved))).signed is not None


def test_an_audience_may_be_one_of_several(desk: Desk, clock: Clock) -> None:
    text = made(clock, aud=["https://other.example", ISSUER])
    assert desk.reader.read(alone(text)).signed is not None


@pytest.mark.proves("message-signing.request-object")
def test_signed_by_nobody_we_know_or_by_a_wrong_algorithm(desk: Desk, clock: Clock) -> None:
    for text in (
        made(clock, key=STRANGER),
        made(clock, algorithm="RS256", key=KEYS["PS256"]),
        made(clock, typ="logout+jwt"),
        made(clock)[:-4] + "AAAA",
    ):
        kept_with_us(refusal(desk, At.AUTHORIZE, alone(text)), INVALID_REQUEST_OBJECT)


def test_unsigned_or_of_a_client_without_keys_is_not_supported(desk: Desk, clock: Clock) -> None:
    beside = {name: value for name, value in PLAIN.items() if name != "client_id"}
    told_to_client(refusal(desk, At.AUTHORIZE, alone("e30.e30.", **beside)), REQUEST_NOT_SUPPORTED)
    desk.change(jwks=None)
    kept_with_us(refusal(desk, At.AUTHORIZE, alone(made(clock))), REQUEST_NOT_SUPPORTED)


def test_a_refused_object_goes_only_to_an_address_that_is_proven(desk: Desk, clock: Clock) -> None:
    bad = made(clock, key=STRANGER)
    told_to_client(
        refusal(desk, At.AUTHORIZE, alone(bad, redirect_uri=CALLBACK)), INVALID_REQUEST_OBJECT
    )
    kept_with_us(
        refusal(desk, At.AUTHORIZE, alone(bad, redirect_uri="https://evil.example/")),
        INVALID_REQUEST_OBJECT,
    )


def test_by_value_and_by_reference_at_once_is_nothing(desk: Desk, clock: Clock) -> None:
    both = alone(made(clock), request_uri="https://shop.example/request")
    assert refusal(desk, At.PAR, both).problem is INVALID_REQUEST


def test_who_must_sign_may_not_ask_plainly(desk: Desk, clock: Clock) -> None:
    desk.change(require_signed_requests=True)
    told_to_client(refusal(desk, At.AUTHORIZE, asking()), INVALID_REQUEST_OBJECT)
    assert refusal(desk, At.PAR, asking()).problem is INVALID_REQUEST_OBJECT
    assert desk.reader.read(alone(made(clock))).signed is not None
