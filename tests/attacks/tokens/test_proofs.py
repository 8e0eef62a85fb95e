"""Proofs of a key (RFC 9449): of this request, fresh, once; a token is good with its key alone."""

from __future__ import annotations

import base64
import hashlib
import math
import secrets
import warnings
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from idp.domain.client import ClientId
from idp.errors import (
    INVALID_DPOP_PROOF,
    INVALID_GRANT,
    INVALID_TOKEN,
    TOKEN_MISSING,
    USE_DPOP_NONCE,
)
from tests.unit.oidc.tokens.desk import ISSUER, Desk, refused
from tests.world.client import made_key, signed

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = f"{ISSUER}/token"
USERINFO = f"{ISSUER}/userinfo"
KEYS: dict[str, Any] = {name: made_key(name) for name in ("ES256", "EdDSA", "PS256")}
MINE = KEYS["ES256"]
OTHER = made_key("ES256")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the library warns of a key so weak
    WEAK = RSAKey.generate_key(1024)


def proof(
    desk: Desk,
    *,
    key: Any = MINE,
    header: dict[str, Any] | None = None,
    about: str | None = None,
    **changes: Any,
) -> str:
    """A good proof for the token endpoint, changed; ``None`` leaves a member out."""
    claims = {
        "jti": secrets.token_urlsafe(12),
        "htm": "POST",
        "htu": TOKEN,
        "iat": int(desk.clock().timestamp()),
        "nonce": desk.proofs.nonce(),
        **({} if about is None else {"ath": ath(about)}),
        **changes,
    }
    head = {
        "typ": "dpop+jwt",
        "alg": "ES256",
        "jwk": key.as_dict(private=False),
        "kid": None,
        **(header or {}),
    }
    return signed(
        {name: value for name, value in head.items() if value is not None} | {"kid": "k"},
        {name: value for name, value in claims.items() if value is not None},
        key,
    )


def ath(token: str) -> str:
    digest = hashlib.sha256(token.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def fetch(desk: Desk, token: str, **changes: Any) -> dict[str, Any]:
    made = proof(desk, **{"about": token, "htm": "GET", "htu": USERINFO, **changes})
    return desk.userinfo.answer(authorization=f"DPoP {token}", dpop=made)


@pytest.fixture
def bound(desk: Desk) -> dict[str, Any]:
    return desk.redeem(desk.code(), dpop=proof(desk))


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_token_is_bound_and_its_key_opens_it(desk: Desk, algorithm: str) -> None:
    key, header = KEYS[algorithm], {"alg": algorithm}
    given = desk.redeem(desk.code(), dpop=proof(desk, key=key, header=header))
    assert given["token_type"] == "DPoP"
    assert fetch(desk, given["access_token"], key=key, header=header)["sub"]
    told = desk.call(desk.introspection.answer, "basic", token=given["access_token"])
    assert told["token_type"] == "DPoP"
    assert told["cnf"] == {"jkt": key.thumbprint()}


@pytest.mark.parametrize("bits", [2048, 3072])
def test_pop_12_a_long_key_makes_a_long_header_and_is_read_all_the_same(
    desk: Desk, bits: int
) -> None:
    key = RSAKey.generate_key(bits)
    made = proof(desk, key=key, header={"alg": "PS256"})
    assert len(made.partition(".")[0]) > 512
    assert desk.redeem(desk.code(), dpop=made)["token_type"] == "DPoP"


def test_without_a_proof_a_token_is_a_bearer_s(desk: Desk) -> None:
    given = desk.redeem(desk.code())
    assert given["token_type"] == "Bearer"
    token = given["access_token"]
    refused(INVALID_TOKEN, lambda: fetch(desk, token))
    assert desk.claims(token)


WRONG: list[dict[str, Any]] = [
    {"jti": None},
    {"jti": ""},
    {"jti": 7},
    {"jti": "x" * 300},
    {"htm": None},
    {"htm": "GET"},
    {"htm": "post"},
    {"htu": None},
    {"htu": ISSUER},
    {"htu": f"{ISSUER}/token/"},
    {"htu": f"{ISSUER}/TOKEN"},
    {"htu": f"{ISSUER}.evil.example/token"},
    {"htu": "https://login.example@evil.example/token"},
    {"htu": "https://evil.example\\@login.example/token"},
    {"htu": "http://login.example/token"},
    {"htu": "https://login.example:8443/token"},
    {"iat": None},
    {"iat": "now"},
    {"iat": True},
    {"iat": math.nan},  # no number is far from it
    {"iat": math.inf},
]


@pytest.mark.parametrize("changes", WRONG, ids=str)
@pytest.mark.proves("fapi2.dpop-proofs")
def test_pop_claims_of_another_request(desk: Desk, changes: dict[str, Any]) -> None:
    code = desk.code()
    refused(INVALID_DPOP_PROOF, lambda: desk.redeem(code, dpop=proof(desk, **changes)))


@pytest.mark.parametrize("seconds", [-3600, -61, 61, 3600])
def test_pop_a_time_far_from_ours(desk: Desk, seconds: int) -> None:
    moved = int(desk.clock().timestamp()) + seconds
    refused(INVALID_DPOP_PROOF, lambda: desk.redeem(desk.code(), dpop=proof(desk, iat=moved)))


@pytest.mark.parametrize("seconds", [-10, 10])
@pytest.mark.proves("fapi2.dpop-clock")
def test_a_clock_that_is_a_little_off_is_forgiven(desk: Desk, seconds: int) -> None:
    moved = int(desk.clock().timestamp()) + seconds
    assert desk.redeem(desk.code(), dpop=proof(desk, iat=moved))["token_type"] == "DPoP"


@pytest.mark.parametrize(
    "htu",
    [
        "HTTPS://LOGIN.example/token",
        f"{TOKEN}?a=b",
        f"{TOKEN}#x",
        "https://login.example:443/token",
    ],
)
@pytest.mark.proves("fapi2.dpop-address")
def test_addresses_that_are_the_same_one(desk: Desk, htu: str) -> None:
    assert desk.redeem(desk.code(), dpop=proof(desk, htu=htu))["token_type"] == "DPoP"


def _hollow() -> dict[str, Any]:
    return {**MINE.as_dict(private=False), "y": "AA"}


HEADERS: list[dict[str, Any]] = [
    {"typ": None},
    {"typ": "JWT"},
    {"typ": "at+jwt"},
    {"jwk": None},
    {"jwk": "text"},
    {"jwk": {}},
    {"jwk": MINE.as_dict(private=True)},
    {"jwk": OTHER.as_dict(private=False)},
    {"jwk": WEAK.as_dict(private=False)},
    {"jwk": OctKey.generate_key(256).as_dict(private=True)},
    {"jwk": ECKey.generate_key("P-384").as_dict(private=False)},
    {"jwk": _hollow()},
    {"jku": "https://evil.example/keys"},
    {"x5c": ["AA"]},
    {"crit": ["exp"]},
    {"b64": False},
]


@pytest.mark.parametrize("header", HEADERS, ids="-".join)
@pytest.mark.proves("fapi2.dpop-proofs")
def test_pop_headers_that_are_none_of_a_proof(desk: Desk, header: dict[str, Any]) -> None:
    code = desk.code()
    refused(INVALID_DPOP_PROOF, lambda: desk.redeem(code, dpop=proof(desk, header=header)))


@pytest.mark.proves("fapi2.dpop-proofs")
def test_pop_algorithms_that_are_not_on_offer(desk: Desk) -> None:
    for algorithm in ("none", "HS256", "RS256", "ES384"):
        whole = proof(desk).split(".")
        head = base64.urlsafe_b64encode(
            f'{{"typ":"dpop+jwt","alg":"{algorithm}","jwk":{{}}}}'.encode()
        )
        forged = ".".join([head.rstrip(b"=").decode(), *whole[1:]])
        refused(INVALID_DPOP_PROOF, lambda f=forged: desk.redeem(desk.code(), dpop=f))


def test_pop_what_is_no_proof_at_all(desk: Desk) -> None:
    good = proof(desk)
    for bent in ("", "x", f"{good},{proof(desk)}", good[:-1], good + ".", "a" * 9000, f"{good} "):
        refused(INVALID_DPOP_PROOF, lambda b=bent: desk.redeem(desk.code(), dpop=b))


@pytest.mark.proves("fapi2.dpop-nonce")
def test_a_proof_without_our_nonce_is_told_to_use_it(desk: Desk) -> None:
    code = desk.code()
    old = desk.proofs.nonce()
    for nonce in (None, "", "mine", 7, secrets.token_urlsafe(24)):
        refused(USE_DPOP_NONCE, lambda n=nonce: desk.redeem(code, dpop=proof(desk, nonce=n)))
    desk.clock.move(timedelta(minutes=5, seconds=2))
    refused(USE_DPOP_NONCE, lambda: desk.redeem(desk.code(), dpop=proof(desk, nonce=old)))


def test_nonces_die_with_the_store_that_was_lost(desk: Desk, monkeypatch: Any) -> None:
    made = proof(desk)
    monkeypatch.setattr(desk.proofs._nonces, "_generation", lambda: "another")
    refused(USE_DPOP_NONCE, lambda: desk.redeem(desk.code(), dpop=made))


@pytest.mark.proves("fapi2.dpop-once")
def test_a_proof_is_used_once_where_tokens_are_issued(desk: Desk) -> None:
    made = proof(desk, jti="once")
    assert desk.redeem(desk.code(), dpop=made)
    refused(INVALID_DPOP_PROOF, lambda: desk.redeem(desk.code(), dpop=made))
    refused(INVALID_DPOP_PROOF, lambda: desk.redeem(desk.code(), dpop=proof(desk, jti="once")))
    assert desk.redeem(desk.code(), dpop=proof(desk, jti="once", key=OTHER))


def test_a_proof_is_used_once_at_userinfo(desk: Desk, bound: dict[str, Any]) -> None:
    token = bound["access_token"]
    made = proof(desk, about=token, htm="GET", htu=USERINFO)
    answer: Callable[[], object] = lambda: desk.userinfo.answer(  # noqa: E731 - asked twice
        authorization=f"dpop {token}", dpop=made
    )
    assert answer()
    refused(INVALID_DPOP_PROOF, answer)


@pytest.mark.proves("fapi2.dpop-bearer")
def test_a_bound_token_is_nothing_to_a_bearer_or_another_key(
    desk: Desk, bound: dict[str, Any]
) -> None:
    token = bound["access_token"]
    refused(INVALID_TOKEN, lambda: desk.claims(token))
    refused(INVALID_TOKEN, lambda: fetch(desk, token, key=OTHER))
    refused(INVALID_DPOP_PROOF, lambda: desk.userinfo.answer(authorization=f"DPoP {token}"))
    refused(TOKEN_MISSING, lambda: desk.userinfo.answer(authorization=f"Basic {token}"))


@pytest.mark.parametrize(
    "changes", [{"about": "another"}, {"about": None}, {"htm": "POST"}, {"htu": TOKEN}], ids=str
)
def test_a_proof_at_userinfo_is_about_the_token(
    desk: Desk, bound: dict[str, Any], changes: dict[str, Any]
) -> None:
    refused(INVALID_DPOP_PROOF, lambda: fetch(desk, bound["access_token"], **changes))


def test_a_client_that_is_bound_gets_no_token_without_a_proof(desk: Desk) -> None:
    with desk.ledger.begin() as unit:
        client = unit.clients.get(ClientId("basic"))
        assert client is not None
        unit.clients.replace(replace(client, bound_tokens=True), expected_version=client.version)
    code = desk.code()
    refused(INVALID_DPOP_PROOF, lambda: desk.redeem(code))
    assert desk.redeem(code, dpop=proof(desk))["token_type"] == "DPoP"


@pytest.mark.proves("fapi2.dpop-bound-code")
def test_a_code_that_is_bound_is_redeemed_by_its_key_alone(desk: Desk) -> None:
    key = MINE.thumbprint()
    refused(INVALID_GRANT, lambda: desk.redeem(desk.code(key=key), dpop=proof(desk, key=OTHER)))
    refused(INVALID_GRANT, lambda: desk.redeem(desk.code(key=key)))
    assert desk.redeem(desk.code(key=key), dpop=proof(desk))["token_type"] == "DPoP"


def test_refreshing_demands_a_proof_and_of_a_public_client_the_same_key(desk: Desk) -> None:
    def refresh(client: str, token: str, **proofs: Any) -> dict[str, Any]:
        given: dict[str, Any] = desk.call(
            desk.endpoint.exchange,
            client,
            grant_type="refresh_token",
            refresh_token=token,
            **proofs,
        )
        return given

    for client, error in (("basic", None), ("public", INVALID_GRANT)):
        first = desk.redeem(desk.code(client), client, dpop=proof(desk))["refresh_token"]
        refused(INVALID_DPOP_PROOF, lambda c=client, f=first: refresh(c, f))
        if error is None:
            again = refresh(client, first, dpop=proof(desk, key=OTHER))
            assert again["token_type"] == "DPoP"
        else:
            refused(
                error,
                lambda c=client, f=first: refresh(c, f, dpop=proof(desk, key=OTHER)),
            )
            assert refresh(client, first, dpop=proof(desk))["token_type"] == "DPoP"
