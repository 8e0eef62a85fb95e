"""Every check of an ID token, in the order of OpenID Connect Core section 3.1.3.7."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Protocol

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

if TYPE_CHECKING:
    from collections.abc import Mapping

SKEW: Final = 10
OLDEST: Final = 600


class Keys(Protocol):
    """The provider's key set, kept or freshly fetched."""

    def __call__(self, *, fresh: bool) -> Mapping[str, Any]: ...


class TokenRefused(Exception):
    """The ID token is not what we asked for; the message says in what."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What the token must say. Times are in seconds since 1970.

    Attributes:
        nonce: as sent; None for a refreshed token, which need not carry it.
        access_token: where ``at_hash`` is there, it must be this one's.
        subject: the person who must still be the same one; None for anybody.
        signed_in_since: ``auth_time`` must be there and not be older; None for any.
        acr: the level must be one of these; empty for any.
    """

    issuer: str
    client_id: str
    algorithm: str
    nonce: str | None
    access_token: str
    now: int
    subject: str | None = None
    signed_in_since: int | None = None
    acr: frozenset[str] = frozenset()


def validate(compact: str, expected: Expected, keys: Keys) -> dict[str, Any]:
    """Give the token's claims.

    Args:
        compact: the token as it came.
        expected: what it must say.
        keys: gives the provider's key set.

    Raises:
        TokenRefused: any check fails.
    """
    claims = _signed(compact, expected, keys)
    _aimed_at_us(claims, expected)
    _in_time(claims, expected)
    if expected.nonce is not None and not _same(claims.get("nonce"), expected.nonce):
        raise TokenRefused("nonce")
    if "at_hash" in claims and not _same(claims["at_hash"], _half(expected.access_token)):
        raise TokenRefused("at_hash")
    if expected.subject is not None and claims["sub"] != expected.subject:
        raise TokenRefused("sub")
    if expected.acr and claims.get("acr") not in expected.acr:
        raise TokenRefused("acr")
    return claims


def _signed(compact: str, expected: Expected, keys: Keys) -> dict[str, Any]:
    try:
        header = jws.extract_compact(compact.encode()).headers()
        # Our own word decides about the algorithm, never the token's.
        if header.get("alg") != expected.algorithm or not header.get("kid"):
            raise TokenRefused("header")
        known = keys(fresh=False)
        if header["kid"] not in _kids(known):
            known = keys(fresh=True)
        if header["kid"] not in _kids(known):
            raise TokenRefused("kid")
        trusted = KeySet.import_key_set({"keys": list(known["keys"])})
        token = jwt.decode(compact, trusted, algorithms=[expected.algorithm])
    except (JoseError, ValueError) as error:
        raise TokenRefused("signature") from error
    return dict(token.claims)


def _kids(keys: Mapping[str, Any]) -> set[str]:
    return {key["kid"] for key in keys.get("keys", ()) if "kid" in key}


def _aimed_at_us(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise TokenRefused("iss")
    if claims.get("aud") not in (expected.client_id, [expected.client_id]):
        raise TokenRefused("aud")
    if claims.get("azp", expected.client_id) != expected.client_id:
        raise TokenRefused("azp")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise TokenRefused("sub")


def _in_time(claims: Mapping[str, Any], expected: Expected) -> None:
    for name in ("exp", "iat"):
        if not isinstance(claims.get(name), int):
            raise TokenRefused(name)
    if claims["exp"] + SKEW <= expected.now:
        raise TokenRefused("exp")
    if not -OLDEST <= claims["iat"] - expected.now <= SKEW:
        raise TokenRefused("iat")
    since = expected.signed_in_since
    if since is not None:
        moment = claims.get("auth_time")
        if not isinstance(moment, int) or not since - SKEW <= moment <= expected.now + SKEW:
            raise TokenRefused("auth_time")


def _half(access_token: str) -> str:
    """The left half of the digest (OpenID Connect Core section 3.1.3.6); SHA-256 for ES256."""
    digest = sha256(access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _same(given: object, wanted: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), wanted.encode())
