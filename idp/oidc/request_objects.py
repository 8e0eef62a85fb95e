"""Signed requests by value (RFC 9101; FAPI 2.0 Message Signing section 5.3): read in place of HTTP.

What a client signed is what counts: of the parameters beside the object only ``client_id`` is
looked at, and it must be the signer's. An object is good for an hour at most and names this issuer
alone or among others; the login that completes with it uses it up.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from idp.domain.request import SignedRequest
from idp.errors import INVALID_REQUEST, INVALID_REQUEST_OBJECT, REQUEST_NOT_SUPPORTED, Refused
from idp.oidc import client_jws
from idp.oidc.client_jws import Kind
from idp.oidc.form import Parameters
from idp.oidc.profiles import keeping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from idp.domain.client import Client
    from idp.oidc.client_jws import ClientKeys, UnverifiedJws
    from idp.oidc.profiles.rule import SignedFacts

TYPE: Final = "oauth-authz-req+jwt"
ALGORITHMS: Final = ("ES256", "Ed25519", "EdDSA", "PS256")
"""What an object may be signed with: what FAPI 2.0 allows (section 5.4)."""
WINDOW: Final = timedelta(minutes=60)
"""The longest time between ``nbf`` and ``exp``, and from now to either."""

_KIND: Final = Kind(
    word="request object",
    types=frozenset({"jwt", TYPE}),
    longest=client_jws.LONGEST,
    problem=INVALID_REQUEST_OBJECT,
)
_HINT: Final = Kind(
    word="login_hint_token",
    types=frozenset({"login-hint+jwt"}),
    longest=4096,
    problem=INVALID_REQUEST,
)
_LONGEST_SUBJECT: Final = 256
_OF_JWT: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "sub"})
_NEVER_INSIDE: Final = frozenset({"request", "request_uri"})


class RequestObjects:
    """Opens the object that a request carries."""

    def __init__(
        self, *, keys: ClientKeys, issuer: str, skew: timedelta, now: Callable[[], datetime]
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._skew = skew.total_seconds()
        self._now = now

    def open(
        self,
        text: str,
        client: Client,
        *,
        algorithm: str | None = None,
        needs: tuple[str, ...] = (),
        hold: Callable[[Client, SignedFacts], None] = keeping.hold_object,
    ) -> tuple[Parameters, SignedRequest]:
        """Give the parameters that ``client`` signed, and the mark of this object.

        With ``algorithm`` no other one is taken; ``needs`` are claims that may not be left out;
        ``hold`` holds the client to its profile.

        Raises:
            Refused: REQUEST_NOT_SUPPORTED for an object without a signature, or of a client that
                has registered no keys; INVALID_REQUEST_OBJECT for any that does not verify.
        """
        if not client_jws.has_keys(client) or text.endswith("."):
            raise Refused(REQUEST_NOT_SUPPORTED, "unsigned, or of a client without keys")
        unverified = client_jws.read(text, _KIND)
        self._keys.check_signature(unverified, client)
        now = self._now().timestamp()
        hold(client, unverified.facts(client, issuer=self._issuer, now=now))
        if unverified.algorithm not in (ALGORITHMS if algorithm is None else (algorithm,)):
            raise _KIND.refused("alg is not on offer for request objects")
        if not set(needs) <= unverified.claims.keys():
            raise _KIND.refused("a claim is missing")
        return _parameters(unverified.claims, client), self._judged(unverified, client)

    def hint(self, text: str, client: Client) -> str:
        """Give the subject that a ``login_hint_token`` of this client names (CIBA Core 7.1).

        Ours is a JWT of type ``login-hint+jwt`` that the client signs for this issuer, with the
        subject in ``sub_id`` as ``{"format": "opaque", "id": …}`` (RFC 9493 section 3.2.6).

        Raises:
            Refused: INVALID_REQUEST.
        """
        if not client_jws.has_keys(client):
            raise _HINT.refused("of a client without keys")
        unverified = client_jws.read(text, _HINT)
        if unverified.algorithm not in ALGORITHMS:
            raise _HINT.refused("alg is not on offer")
        self._keys.check_signature(unverified, client)
        claims, ends = unverified.claims, unverified.time("exp")
        if claims.get("iss") != client.id or claims.get("aud") != self._issuer:
            raise _HINT.refused("iss or aud is somebody else")
        if ends is None or self._now().timestamp() >= ends + self._skew:
            raise _HINT.refused("exp is missing or past")
        named = claims.get("sub_id")
        subject = named.get("id") if isinstance(named, dict) else None
        if not isinstance(named, dict) or named.get("format") != "opaque":
            raise _HINT.refused("sub_id is not opaque")
        if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
            raise _HINT.refused("sub_id has no id")
        return subject

    def _judged(self, request: UnverifiedJws, client: Client) -> SignedRequest:
        claims = request.claims
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != client.id:
            raise _KIND.refused("iss is not the client")
        if claims.get("sub") == client.id:
            raise _KIND.refused("sub is the client, so it could be an assertion (RFC 9101 10.8)")
        if self._issuer not in named:
            raise _KIND.refused("aud does not name the issuer")
        now, window = self._now().timestamp(), WINDOW.total_seconds()
        begins, ends = request.time("nbf"), request.time("exp")
        if begins is None or ends is None:
            raise _KIND.refused("nbf or exp is missing")
        if begins > now + self._skew or begins < now - window - self._skew:
            raise _KIND.refused("nbf is ahead, or more than an hour ago")
        if now >= ends + self._skew or ends - begins > window + self._skew:
            raise _KIND.refused("exp is past, or more than an hour after nbf")
        issued = request.time("iat")
        if issued is not None and issued > now + self._skew:
            raise _KIND.refused("iat is ahead of our clock")
        return SignedRequest(
            jti=request.jti() if "jti" in claims else None,
            until=datetime.fromtimestamp(ends + self._skew + 1, UTC),
        )


def _parameters(claims: Mapping[str, object], client: Client) -> Parameters:
    """Give the members that are parameters (RFC 9101 section 4), as a form would bring them."""
    if not _NEVER_INSIDE.isdisjoint(claims):
        raise _KIND.refused("an object inside the object")
    if claims.get("client_id", client.id) != client.id:
        raise _KIND.refused("client_id is not the signer's")
    values: dict[str, tuple[str, ...]] = {}
    for name, value in claims.items():
        if name not in _OF_JWT and value is not None:
            values[name] = _values(name, value)
    return Parameters.inside(values)


def _values(name: str, value: object) -> tuple[str, ...]:
    if name in {"resource", "audience"} and isinstance(value, list):
        return tuple(_text(name, one) for one in value)
    return (_text(name, value),)


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | dict | list) and not isinstance(value, bool):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    raise _KIND.refused(f"{name[:40]} is no text, number or object")
