"""A JWS that a client signed: read strictly, then verified against the keys of its registration.

What was only read is named so. Keys come from the registration alone, never from a header, and are
imported once a version. Client assertions and request objects are both of this kind; what their
claims must say stands with each.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey
from joserfc.util import urlsafe_b64encode

from idp.domain.object_use import UNSIGNED
from idp.errors import Problem, Refused
from idp.oidc import strict_json
from idp.oidc.profiles.rule import SignedFacts
from idp.oidc.registration.keys import ASSERTION_ALGORITHMS, fitting
from keys.algorithms import OneAlgorithm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from idp.domain.client import Client, ClientId
    from idp.oidc.remote_keys import RemoteKeys

LONGEST: Final = 32 * 1024
_LONGEST_JTI: Final = 256
_MOST_CLIENTS: Final = 4096
_MOST_TRIED: Final = 4
_KEYS_BY_HEADER: Final = frozenset({"jku", "jwk", "x5u", "crit", "b64"})
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.")


class _Rules(OneAlgorithm):
    """Room for a long ``kid`` and for the signature of an RSA key of 8192 bits."""

    max_header_length = 512
    max_payload_length = LONGEST
    max_signature_length = 1400


_RULES: Final = {name: _Rules(name) for name in ASSERTION_ALGORITHMS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of JWS.

    Attributes:
        word: what a refusal's private detail calls it.
        types: the values of ``typ`` that it may have, in lower case without ``application/``;
            one without ``typ`` counts as ``jwt``.
        longest: in characters.
        problem: what a refused one is told as.
    """

    word: str
    types: frozenset[str]
    longest: int
    problem: Problem

    def refused(self, detail: str) -> Refused:
        """Give the refusal of one of this kind."""
        return Refused(self.problem, f"{self.word}: {detail}")


@dataclass(frozen=True, kw_only=True, slots=True)
class UnverifiedJws:
    """What a JWS says of itself; nothing of it is true yet."""

    kind: Kind
    text: str = field(repr=False)
    algorithm: str
    kid: str | None
    typ: str
    claims: dict[str, object] = field(repr=False)

    def facts(self, client: Client, *, issuer: str, now: float) -> SignedFacts:
        """Give what the client's profile judges, once the signature was verified."""
        return SignedFacts(
            client=client,
            algorithm=self.algorithm,
            typ=self.typ,
            claims=self.claims,
            issuer=issuer,
            now=now,
        )

    def time(self, name: str) -> float | None:
        """Give a NumericDate (RFC 7519 section 2), ``None`` if absent. Raises: Refused."""
        if name not in self.claims:
            return None
        value = self.claims[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.kind.refused(f"{name} is no number")
        try:
            seconds = float(value)
        except OverflowError:
            seconds = math.inf
        if not math.isfinite(seconds):
            raise self.kind.refused(f"{name} is no time")
        return seconds

    def jti(self) -> str:
        """Give its identifier (RFC 7519 section 4.1.7). Raises: Refused."""
        jti = self.claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI or not jti.isprintable():
            raise self.kind.refused("jti is missing or malformed")
        return jti


@dataclass(frozen=True, kw_only=True, slots=True)
class _Key:
    kid: str | None
    algorithms: tuple[str, ...]
    public: ECKey | OKPKey | RSAKey


class ClientKeys:
    """Verifies signatures of clients.

    ``remote`` gives the keys of those that publish them; without it they have none.
    """

    def __init__(
        self, *, entropy: Callable[[int], bytes], remote: RemoteKeys | None = None
    ) -> None:
        self._remote = remote
        self._imported: dict[ClientId, tuple[dict[str, object], tuple[_Key, ...]]] = {}
        self._decoys = _decoys(entropy)

    def check_signature(self, unverified: UnverifiedJws, client: Client | None) -> None:
        """Demand that a registered key made it. An unknown client costs the same work.

        Where no published key made it, the client may have changed them: they are asked for again.

        Raises:
            Refused: with the problem of its kind; UNAVAILABLE, where published keys cannot be had.
        """
        jwks = None if client is None else self._jwks(client)
        if self._made(unverified, client, jwks):
            return
        if client is not None and self._remote is not None:
            other = self._remote.of(client, beside=jwks)
            if other is not None and self._made(unverified, client, other):
                return
        raise unverified.kind.refused("no registered key made this signature")

    def sets(self, client: Client) -> Iterator[dict[str, object]]:
        """Give the client's key set, and a newer one where it publishes one. Raises: Refused."""
        jwks = self._jwks(client)
        if jwks is not None:
            yield jwks
        newer = None if self._remote is None else self._remote.of(client, beside=jwks)
        if newer is not None:
            yield newer

    def _jwks(self, client: Client) -> dict[str, object] | None:
        if client.jwks or self._remote is None:
            return client.jwks
        return self._remote.of(client)

    def _made(
        self, unverified: UnverifiedJws, client: Client | None, jwks: dict[str, object] | None
    ) -> bool:
        algorithm = unverified.algorithm
        held = self._keys(client, jwks) if client is not None and jwks else self._decoys
        keys = [key for key in held if algorithm in key.algorithms]
        if unverified.kid is not None:
            keys = [key for key in keys if key.kid in {None, unverified.kid}]
        rules = _RULES[algorithm]
        for key in keys[:_MOST_TRIED]:
            try:
                jws.deserialize_compact(
                    unverified.text, key.public, algorithms=[algorithm], registry=rules
                )
            except (JoseError, ValueError, TypeError, RecursionError):
                continue
            return held is not self._decoys
        return False

    def _keys(self, client: Client, jwks: dict[str, object]) -> tuple[_Key, ...]:
        held = self._imported.get(client.id)
        if held is not None and (held[0] is jwks or held[0] == jwks):
            return held[1]
        keys = _import(jwks)
        if len(self._imported) >= _MOST_CLIENTS:
            self._imported.clear()
        self._imported[client.id] = (jwks, keys)
        return keys


def has_keys(client: Client) -> bool:
    """Tell whether a client registered keys, or where it publishes them."""
    return client.jwks is not None or client.remote.jwks is not None


def read(text: str, kind: Kind) -> UnverifiedJws:
    """Read a compact JWS without believing it; its size is bounded before it is parsed.

    Raises:
        Refused: for anything that is not a compact JWS with an algorithm on offer, a fitting type,
            no key or extension in its header, and an object in its payload.
    """
    return _read(text, kind, _COMPACT, ASSERTION_ALGORITHMS)


def read_unsigned(text: str, kind: Kind) -> UnverifiedJws:
    """Read an unsecured JWS (RFC 7515 appendix A.5), by the same bounds: nothing proves it.

    Raises:
        Refused: as ``read`` does; for any other algorithm than ``none``, and for a signature.
    """
    return _read(text, kind, _BARE, (UNSIGNED,))


def _read(
    text: str, kind: Kind, form: re.Pattern[str], algorithms: tuple[str, ...]
) -> UnverifiedJws:
    if len(text) > kind.longest or form.fullmatch(text) is None:
        raise kind.refused("not a compact JWS of bounded size")
    head, payload, _ = text.encode("ascii").split(b".")
    header, claims = _json_object(head, kind), _json_object(payload, kind)
    algorithm, kid, typ = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if algorithm not in algorithms or not isinstance(algorithm, str):
        raise kind.refused("alg is not on offer")
    if not _KEYS_BY_HEADER.isdisjoint(header):
        raise kind.refused("a header that carries a key or changes the format")
    typ = typ.lower().removeprefix("application/") if isinstance(typ, str) else None
    if typ is None or typ not in kind.types:
        raise kind.refused("typ is of another kind of token")
    if not (kid is None or isinstance(kid, str)):
        raise kind.refused("kid is no text")
    return UnverifiedJws(kind=kind, text=text, algorithm=algorithm, kid=kid, typ=typ, claims=claims)


def _json_object(segment: bytes, kind: Kind) -> dict[str, object]:
    try:
        return strict_json.read_segment(segment)
    except ValueError:
        raise kind.refused("a segment is no object in JSON") from None


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
