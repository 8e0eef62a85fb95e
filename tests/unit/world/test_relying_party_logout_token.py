"""The e-service believes a logout token only where every part of it is right, and once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.world.relying_party.id_token import TokenRefused
from tests.world.relying_party.logout_token import EVENT, LoggedOut, LogoutTokens

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = 1_800_000_000
KEY = ECKey.generate_key("P-256", {"kid": "one"}, private=True)
GOOD: Mapping[str, Any] = {
    "iss": "https://id.example",
    "aud": "shop",
    "iat": NOW,
    "exp": NOW + 120,
    "jti": "once",
    "sid": "the-sid",
    "sub": "the-subject",
    "events": {EVENT: {}},
}


def keys(*, fresh: bool) -> dict[str, Any]:
    del fresh
    return {"keys": [KEY.as_dict(private=False)]}


def token(header: Mapping[str, Any] | None = None, key: ECKey = KEY, **changes: Any) -> str:
    claims = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return jwt.encode(
        {"alg": "ES256", "kid": "one", "typ": "logout+jwt", **(header or {})}, claims, key
    )


@pytest.fixture
def reader() -> LogoutTokens:
    return LogoutTokens(issuer="https://id.example", client_id="shop", algorithm="ES256")


def test_a_right_one_says_whose_session_is_over_once(reader: LogoutTokens) -> None:
    right = token()
    found = reader.read(right, now=NOW, keys=keys)
    assert found == LoggedOut(sid="the-sid", subject="the-subject")
    with pytest.raises(TokenRefused, match="jti"):
        reader.read(right, now=NOW, keys=keys)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"iss": "https://other.example"}, "iss"),
        ({"aud": "other"}, "aud"),
        ({"aud": ["shop", "other"]}, "aud"),
        ({"iat": NOW + 60}, "iat"),
        ({"iat": NOW - 900, "exp": NOW - 800}, "iat"),
        ({"exp": NOW + 3600}, "exp"),
        ({"exp": None}, "exp"),
        ({"sid": None, "sub": None}, "nobody"),
        ({"events": None}, "events"),
        ({"events": {EVENT: {"why": "x"}}}, "events"),
        ({"events": {EVENT: {}, "other": {}}}, "events"),
        ({"nonce": "n"}, "nonce"),
        ({"jti": None}, "jti"),
    ],
    ids=str,
)
def test_one_that_says_something_else_is_refused(
    reader: LogoutTokens, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(TokenRefused, match=said):
        reader.read(token(**changes), now=NOW, keys=keys)


def test_an_id_token_is_no_logout_token(reader: LogoutTokens) -> None:
    with pytest.raises(TokenRefused, match="header"):
        reader.read(token({"typ": "JWT"}), now=NOW, keys=keys)


def test_a_strangers_signature_is_refused(reader: LogoutTokens) -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "one"}, private=True)
    with pytest.raises(TokenRefused, match="signature"):
        reader.read(token(key=stranger), now=NOW, keys=keys)
