"""The e-service refuses every ID token that is not the answer to its own question."""

from __future__ import annotations

import base64
import hmac
import json
from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.world.relying_party.id_token import Expected, TokenRefused, validate

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = 1_800_000_000
# The example of OpenID Connect Core, appendix A.3.
ACCESS = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
KEY = ECKey.generate_key("P-256", {"kid": "one"}, private=True)
OTHER = ECKey.generate_key("P-256", {"kid": "one"}, private=True)
GOOD: dict[str, Any] = {
    "iss": "https://login.example",
    "sub": "somebody",
    "aud": "service",
    "nonce": "n",
    "iat": NOW,
    "exp": NOW + 300,
    "auth_time": NOW - 5,
    "acr": "high",
}
EXPECTED = Expected(
    issuer="https://login.example",
    client_id="service",
    algorithm="ES256",
    nonce="n",
    access_token=ACCESS,
    now=NOW,
    subject="somebody",
    signed_in_since=NOW - 10,
    acr=frozenset({"high"}),
)


def keys(*, fresh: bool) -> Mapping[str, Any]:
    del fresh
    return {"keys": [KEY.as_dict(private=False)]}


def token(key: ECKey = KEY, header: Mapping[str, str] | None = None, **changes: Any) -> str:
    claims = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return jwt.encode({"alg": "ES256", "kid": "one", **(header or {})}, claims, key)


def test_a_good_token_is_accepted() -> None:
    assert validate(token(), EXPECTED, keys)["sub"] == "somebody"
    assert validate(token(aud=["service"], azp="service"), EXPECTED, keys)
    assert validate(token(at_hash="77QmUPtjPfzWtF2AnpK9RQ"), EXPECTED, keys)


def encoded(content: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://login.example/"},
        {"iss": None},
        {"aud": "other"},
        {"aud": ["service", "other"]},
        {"aud": None},
        {"azp": "other"},
        {"sub": "somebody else"},
        {"sub": None},
        {"nonce": "m"},
        {"nonce": None},
        {"exp": NOW - 11},
        {"exp": None},
        {"exp": "later"},
        {"iat": NOW + 11},
        {"iat": NOW - 601},
        {"iat": None},
        {"auth_time": NOW - 21},
        {"auth_time": NOW + 11},
        {"auth_time": None},
        {"acr": "low"},
        {"acr": None},
        {"at_hash": "another"},
    ],
    ids=str,
)
def test_a_token_with_one_wrong_claim_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused):
        validate(token(**changes), EXPECTED, keys)


def test_a_token_signed_by_another_key_or_unsigned_is_refused() -> None:
    body, none = encoded(GOOD), encoded({"alg": "none", "kid": "one"})
    confused = f"{encoded({'alg': 'HS256', 'kid': 'one'})}.{body}"
    secret = KEY.as_pem(private=False)
    mac = base64.urlsafe_b64encode(hmac.digest(secret, confused.encode(), "sha256"))
    confused += "." + mac.rstrip(b"=").decode()
    for bad in (
        token(OTHER),
        token(header={"kid": "two"}),
        f"{none}.{body}.",
        confused,
        "",
        "a.b.c",
        token() + "x",
        "é.é.é",
    ):
        with pytest.raises(TokenRefused):
            validate(bad, EXPECTED, keys)


def test_an_unknown_key_is_looked_for_once_afresh() -> None:
    asked: list[bool] = []

    def rotated(*, fresh: bool) -> Mapping[str, Any]:
        asked.append(fresh)
        return keys(fresh=fresh) if fresh else {"keys": [{**OTHER.as_dict(), "kid": "old"}]}

    assert validate(token(), EXPECTED, rotated)
    assert asked == [False, True]
