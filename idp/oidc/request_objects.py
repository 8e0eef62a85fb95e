"""Request objects (RFC 9101; OpenID Connect Core 6; FAPI 2.0 Message Signing 5.3), read for HTTP.

A signed one names this issuer alone or among others, and is good for an hour at most where it came
through a browser; one that is fetched is good while it is there. What has a ``jti`` is used up by
the login that completes with it. Where it may come from stands in ``idp.oidc.carried``.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from idp.domain.object_use import UNSIGNED
from idp.domain.request import SignedRequest
from idp.errors import INVALID_REQUEST, INVALID_REQUEST_OBJECT, REQUEST_NOT_SUPPORTED, Refused
from idp.oidc import client_jws
from idp.oidc.client_jws import Kind
from idp.oidc.form import Parameters
from idp.oidc.object_offers import STRONG
from idp.oidc.profiles import keeping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from idp.domain.client import Client
    from idp.oidc.client_jws import ClientKeys, UnverifiedJws
    from idp.oidc.profiles.rule import SignedFacts

TYPE: Final = "oauth-authz-req+jwt"
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
        allowed: tuple[str, ...] = STRONG,
        dated: bool = True,
        needs: tuple[str, ...] = (),
        hold: Callable[[Client, SignedFacts], None] = keeping.hold_object,
    ) -> tuple[Parameters, SignedRequest]:
        """Give the parameters that ``client`` signed, and the mark of this object.

        No algorithm but those ``allowed`` is taken. One that need not be ``dated`` may leave its
        times out; ``needs`` are claims that may not be left out; ``hold`` holds the client to its
        profile.

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
        if unverified.algorithm not in allowed:
            raise _KIND.refused("alg is not on offer for request objects")
        if not set(needs) <= unverified.claims.keys():
            raise _KIND.refused("a claim is missing")
        _says_who(unverified, client, self._issuer)
        return _parameters(unverified.claims, client), self._mark(unverified, dated=dated)

    def open_unsigned(self, text: str, client: Client) -> tuple[Parameters, SignedRequest]:
        """Give the parameters of an object that nobody signed: as good as plain ones.

        Raises:
            Refused: by the rule of a profile that allows none; REQUEST_NOT_SUPPORTED for a client
                that registered another algorithm, or no algorithm; INVALID_REQUEST_OBJECT.
        """
        unverified = client_jws.read_unsigned(text, _KIND)
        now = self._now().timestamp()
        keeping.hold_object(client, unverified.facts(client, issuer=self._issuer, now=now))
        if client.objects.algorithm != UNSIGNED:
            raise Refused(REQUEST_NOT_SUPPORTED, "unsigned, which was not registered")
        _says_who(unverified, client, self._issuer)
        return _parameters(unverified.claims, client), self._mark(unverified, dated=False)

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
        if unverified.algorithm not in STRONG:
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

    def _mark(self, request: UnverifiedJws, *, dated: bool) -> SignedRequest:
        """Judge its times, and give what uses it up."""
        now, window = self._now().timestamp(), WINDOW.total_seconds()
        begins, ends = request.time("nbf"), request.time("exp")
        if dated and (begins is None or ends is None):
            raise _KIND.refused("nbf or exp is missing")
        if begins is not None and begins > now + self._skew:
            raise _KIND.refused("nbf is ahead")
        if ends is not None and now >= ends + self._skew:
            raise _KIND.refused("exp is past")
        room = window + self._skew
        if dated and begins is not None and begins < now - room:
            raise _KIND.refused("nbf is more than an hour ago")
        if dated and begins is not None and ends is not None and ends - begins > room:
            raise _KIND.refused("exp is more than an hour after nbf")
        issued = request.time("iat")
        if issued is not None and issued > now + self._skew:
            raise _KIND.refused("iat is ahead of our clock")
        named = "jti" in request.claims
        if named and not dated and (ends is None or ends > now + room):
            raise _KIND.refused("jti without exp within the hour, until when it is remembered")
        return SignedRequest(
            jti=request.jti() if named else None,
            until=datetime.fromtimestamp(
                (ends if named and ends is not None else now) + self._skew + 1, UTC
            ),
            proven=request.algorithm != UNSIGNED,
        )


def _says_who(request: UnverifiedJws, client: Client, issuer: str) -> None:
    """Demand that it is of this client and for us; an unsigned one may leave both out."""
    claims, proven = request.claims, request.algorithm != UNSIGNED
    audience = claims.get("aud")
    if (proven or "iss" in claims) and claims.get("iss") != client.id:
        raise _KIND.refused("iss is not the client")
    if claims.get("sub") == client.id:
        raise _KIND.refused("sub is the client, so it could be an assertion (RFC 9101 10.8)")
    if (proven or "aud" in claims) and issuer not in (
        audience if isinstance(audience, list) else [audience]
    ):
        raise _KIND.refused("aud does not name the issuer")


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
