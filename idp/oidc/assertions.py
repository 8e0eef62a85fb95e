"""``private_key_jwt``: a client proves itself by a signature (RFC 7523; OpenID Connect Core 9).

An assertion is read, then verified, then its claims are judged; what was only read is named so.
Keys come from the registration alone, never from a header. The audience is this issuer as one
plain string (FAPI 2.0 Security Profile section 5.3.2.1): an assertion made for another server, or
for several, is of no use here. Whether it was used before is for the Ledger to say.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from idp.errors import INVALID_CLIENT, Refused
from idp.oidc.registration.keys import ASSERTION_ALGORITHMS, fitting
from keys.algorithms import OneAlgorithm

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.config import Settings
    from idp.domain.client import Client, ClientId

LONGEST: Final = 4096
_LONGEST_JTI: Final = 256
_MOST_CLIENTS: Final = 4096
_MOST_TRIED: Final = 4
_TYPES: Final = frozenset({"jwt", "client-authentication+jwt"})
_KEYS_BY_HEADER: Final = frozenset({"jku", "jwk", "x5u", "crit", "b64"})
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class _Rules(OneAlgorithm):
    """Room for a long ``kid`` and for the signature of an RSA key of 8192 bits."""

    max_header_length = 512
    max_payload_length = LONGEST
    max_signature_length = 1400


_RULES: Final = {name: _Rules(name) for name in ASSERTION_ALGORITHMS}


@dataclass(frozen=True, kw_only=True, slots=True)
class UnverifiedAssertion:
    """What an assertion says of itself; nothing of it is true yet."""

    text: str = field(repr=False)
    algorithm: str
    kid: str | None
    claims: dict[str, object] = field(repr=False)

    @property
    def client_id(self) -> str:
        """Give the client it speaks for; ``read`` saw that it is a text."""
        return str(self.claims["sub"])


@dataclass(frozen=True, kw_only=True, slots=True)
class SpentAssertion:
    """The mark of single use: the Ledger's key of it, and until when it must be remembered."""

    key: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class _Key:
    kid: str | None
    algorithms: tuple[str, ...]
    public: ECKey | OKPKey | RSAKey


class Assertions:
    """Verifies assertions against the registered keys, which are imported once a version."""

    def __init__(
        self,
        settings: Settings,
        *,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._issuer = settings.issuer
        self._skew = settings.lifetimes.skew
        self._longest = settings.lifetimes.client_assertion
        self._now = now
        self._imported: dict[ClientId, tuple[dict[str, object], tuple[_Key, ...]]] = {}
        self._decoys = _decoys(entropy)

    def verify(self, unverified: UnverifiedAssertion, client: Client | None) -> SpentAssertion:
        """Check signature and claims. An unknown client costs the same work and gives the same.

        Raises:
            Refused: INVALID_CLIENT.
        """
        algorithm = unverified.algorithm
        if client is not None and client.auth_algorithm not in {None, algorithm}:
            raise _refused("not the registered algorithm")
        keys = self._keys(client) if client is not None and client.jwks else self._decoys
        self._check_signature(unverified, [key for key in keys if algorithm in key.algorithms])
        if client is None:
            raise _refused("unknown client")
        return self._check_claims(unverified.claims, client)

    def _check_signature(self, unverified: UnverifiedAssertion, keys: list[_Key]) -> None:
        if unverified.kid is not None:
            keys = [key for key in keys if key.kid in {None, unverified.kid}]
        rules = _RULES[unverified.algorithm]
        for key in keys[:_MOST_TRIED]:
            try:
                jws.deserialize_compact(
                    unverified.text,
                    key.public,
                    algorithms=[unverified.algorithm],
                    registry=rules,
                )
            except (JoseError, ValueError, TypeError, RecursionError):
                continue
            return
        raise _refused("no registered key made this signature")

    def _check_claims(self, claims: dict[str, object], client: Client) -> SpentAssertion:
        if claims.get("iss") != client.id or claims.get("sub") != client.id:
            raise _refused("iss and sub are not both the client")
        if claims.get("aud") != self._issuer:
            raise _refused("aud is not the issuer as one string")
        now, skew = self._now().timestamp(), self._skew.total_seconds()
        expires = _time(claims, "exp")
        if expires is None or now >= expires + skew:
            raise _refused("exp is missing or past")
        if expires > now + self._longest.total_seconds() + skew:
            raise _refused("exp is too far ahead")
        for name in ("iat", "nbf"):
            begins = _time(claims, name)
            if begins is not None and begins > now + skew:
                raise _refused(f"{name} is ahead of our clock")
        return SpentAssertion(
            key=f"{client.id}\x00{_jti(claims)}",
            # A second more, because the Ledger may forget a mark at the very moment it names.
            until=datetime.fromtimestamp(expires, UTC) + self._skew + timedelta(seconds=1),
        )

    def _keys(self, client: Client) -> tuple[_Key, ...]:
        jwks = client.jwks or {}
        held = self._imported.get(client.id)
        if held is not None and (held[0] is jwks or held[0] == jwks):
            return held[1]
        keys = _import(jwks)
        if len(self._imported) >= _MOST_CLIENTS:
            self._imported.clear()
        self._imported[client.id] = (jwks, keys)
        return keys


def read(text: str) -> UnverifiedAssertion:
    """Read an assertion without believing it; its size is bounded before it is parsed.

    Raises:
        Refused: INVALID_CLIENT, for anything that is not a compact JWS with an algorithm on offer,
            a plain type, no key or extension in its header, and an object that names a client.
    """
    if len(text) > LONGEST or _COMPACT.fullmatch(text) is None:
        raise _refused("not a compact JWS of bounded size")
    head, payload, _ = text.encode("ascii").split(b".")
    header, claims = _json_object(head), _json_object(payload)
    algorithm, kid, typ = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if algorithm not in ASSERTION_ALGORITHMS or not isinstance(algorithm, str):
        raise _refused("alg is not on offer")
    if not _KEYS_BY_HEADER.isdisjoint(header):
        raise _refused("a header that carries a key or changes the format")
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") not in _TYPES:
        raise _refused("typ is of another kind of token")
    if not (kid is None or isinstance(kid, str)):
        raise _refused("kid is no text")
    if not isinstance(claims.get("sub"), str):
        raise _refused("sub is no text")
    return UnverifiedAssertion(text=text, algorithm=algorithm, kid=kid, claims=claims)


def _json_object(segment: bytes) -> dict[str, object]:
    """Read one segment: canonical base64url of a JSON object that names nothing twice."""
    try:
        value = json.loads(
            urlsafe_b64decode(segment).decode(),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
        )
    except (ValueError, TypeError, RecursionError):
        raise _refused("a segment is not JSON") from None
    if not isinstance(value, dict):
        raise _refused("a segment is not an object")
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _time(claims: dict[str, object], name: str) -> float | None:
    """Give a NumericDate (RFC 7519 section 2), ``None`` if absent."""
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refused(f"{name} is no number")
    try:
        seconds = float(value)
    except OverflowError:
        seconds = math.inf
    if not math.isfinite(seconds):
        raise _refused(f"{name} is no time")
    return seconds


def _jti(claims: dict[str, object]) -> str:
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI or not jti.isprintable():
        raise _refused("jti is missing or malformed")
    return jti


def _import(jwks: dict[str, object]) -> tuple[_Key, ...]:
    """Import what a registration holds; one that no longer imports is as good as absent."""
    registered = jwks.get("keys")
    found = []
    for jwk in registered if isinstance(registered, list | tuple) else ():
        algorithms = fitting(jwk) if jwk.get("use") in {None, "sig"} else ()
        try:
            key = JWKRegistry.import_key(cast("Any", dict(jwk))) if algorithms else None
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if isinstance(key, ECKey | OKPKey | RSAKey):
            found.append(_Key(kid=jwk.get("kid"), algorithms=algorithms, public=key))
    return tuple(found)


def _decoys(entropy: Callable[[int], bytes]) -> tuple[_Key, ...]:
    """Make public keys that nobody has the private part of, to spend the same time on."""
    modulus = bytearray(entropy(256))
    modulus[0] |= 0x80
    modulus[-1] |= 0x01
    rsa = {"kty": "RSA", "e": "AQAB", "n": urlsafe_b64encode(bytes(modulus)).decode("ascii")}
    keys: tuple[ECKey | OKPKey | RSAKey, ...] = (
        ECKey.generate_key("P-256", private=False),
        OKPKey.generate_key("Ed25519", private=False),
        RSAKey.import_key(cast("Any", rsa)),
    )
    return tuple(_Key(kid=None, algorithms=fitting(key.as_dict()), public=key) for key in keys)


def _refused(detail: str) -> Refused:
    return Refused(INVALID_CLIENT, f"assertion: {detail}")
