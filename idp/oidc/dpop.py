"""Tokens bound to a client's key: the DPoP proof (RFC 9449) of one request, read and verified.

A proof is a JWS under a key that it carries itself, over method, address, a nonce of ours and, at a
resource, the access token. The nonce is always demanded: it carries our own time and the stores'
generation, so an old proof stays old after a store was lost. That a proof is used once is decided
by the Ledger where tokens are issued, and by the Ephemeral store at resources.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey
from joserfc.registry import HeaderParameter

from idp.errors import INVALID_DPOP_PROOF, USE_DPOP_NONCE, Refused
from idp.oidc import strict_json
from idp.oidc.registration.keys import faults_of, fitting
from idp.store.ports import AlreadySpent
from keys.algorithms import OneAlgorithm
from mobile_flow.errors import NonceNeeded
from mobile_flow.proof import Nonces

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.config import Settings
    from idp.store.ports import Unit, Vault
    from idp.store.short_lived import Ephemeral

ALGORITHMS: Final = ("ES256", "Ed25519", "EdDSA", "PS256")
SPENT_KIND: Final = "dpop"
_TYPE: Final = "dpop+jwt"
_LONGEST: Final = 8192
_LONGEST_JTI: Final = 256
_WINDOW: Final = timedelta(seconds=60)
"""How far a proof's own ``iat`` may be from our clock; how fresh it is, the nonce says."""
_NONCE_LASTS: Final = timedelta(minutes=5)
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_HEAD: Final = frozenset({"typ", "alg", "jwk", "kid"})
_PORTS: Final = {"https": 443, "http": 80}


class _Rules(OneAlgorithm):
    """Room in the header for an RSA key of 8192 bits."""

    max_header_length = 3072
    max_payload_length = 4096
    max_signature_length = 1400

    def __init__(self, algorithm: str) -> None:
        super().__init__(algorithm)
        self.header_registry["jwk"] = HeaderParameter("JSON Web Key", "jwk")


_RULES: Final = {name: _Rules(name) for name in ALGORITHMS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """A verified proof.

    Attributes:
        key: the key's SHA-256 thumbprint (RFC 7638), base64url: ``jkt``.
        mark: what names this proof, for single use, and until when it could come back.
    """

    key: str
    mark: str = field(repr=False)
    until: datetime

    def spend(self, unit: Unit) -> None:
        """Use it up in the unit that issues. Raises: Refused(INVALID_DPOP_PROOF)."""
        try:
            unit.spend(SPENT_KIND, self.mark, until=self.until)
        except AlreadySpent:
            raise Refused(INVALID_DPOP_PROOF, "dpop: used before") from None


class Proofs:
    """Reads and verifies proofs for the addresses of this issuer."""

    def __init__(
        self,
        settings: Settings,
        *,
        vault: Vault,
        ephemeral: Ephemeral,
        now: Callable[[], datetime],
    ) -> None:
        places = (settings.issuer, settings.mtls.url)
        self._places = tuple(place for place in places if place is not None)
        self._ephemeral = ephemeral
        self._now = now
        self._nonces = Nonces(
            lambda value: vault.fingerprint("dpop-nonce", value),
            now=now,
            generation=ephemeral.generation,
            lasts=_NONCE_LASTS,
        )

    def nonce(self) -> str:
        """Give a nonce of this moment (RFC 9449 section 8)."""
        return self._nonces.give()

    def verify(
        self, sent: str | None, *, method: str, path: str, access_token: str | None = None
    ) -> Proof:
        """Verify the proof of a request to ``path`` of this issuer (RFC 9449 section 4.3).

        Args:
            sent: the ``DPoP`` header; two headers arrive joined, and are no proof.
            method: of the request.
            path: where it was sent, without query.
            access_token: at a resource, the token that the proof must be about (``ath``).

        Raises:
            Refused: USE_DPOP_NONCE for one that is right but for its nonce; INVALID_DPOP_PROOF.
        """
        if sent is None or len(sent) > _LONGEST or _COMPACT.fullmatch(sent) is None:
            raise _refused("absent, or not a compact JWS of bounded size")
        head, payload, _ = sent.encode("ascii").split(b".")
        header, claims = _json_object(head), _json_object(payload)
        key = _key(header)
        algorithm = str(header["alg"])
        try:
            jws.deserialize_compact(sent, key, algorithms=[algorithm], registry=_RULES[algorithm])
        except (JoseError, ValueError, TypeError, RecursionError):
            raise _refused("not signed by the key it carries") from None
        self._check(claims, method=method, path=path, access_token=access_token)
        thumbprint = key.thumbprint()
        return Proof(
            key=thumbprint,
            mark=hashlib.sha256(f"{thumbprint}\x00{claims['jti']}".encode()).hexdigest(),
            until=self._now() + _NONCE_LASTS + 2 * _WINDOW,
        )

    def use_here(self, proof: Proof) -> None:
        """Use a proof up at a resource. Raises: Refused(INVALID_DPOP_PROOF), StoreUnavailable."""
        lasts = proof.until - self._now()
        if self._ephemeral.bump(f"dpop:{proof.mark}", lasts=lasts) > 1:
            raise _refused("used before")

    def _check(
        self, claims: dict[str, object], *, method: str, path: str, access_token: str | None
    ) -> None:
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI or not jti.isprintable():
            raise _refused("jti is missing or malformed")
        if claims.get("htm") != method:
            raise _refused("htm is another method")
        if _address(claims.get("htu")) not in {_address(place + path) for place in self._places}:
            raise _refused("htu is another address")
        issued = claims.get("iat")
        if isinstance(issued, bool) or not isinstance(issued, int | float):
            raise _refused("iat is missing or no number")
        if abs(self._now().timestamp() - issued) > _WINDOW.total_seconds():
            raise _refused("iat is far from our clock")
        if access_token is not None:
            digest = hashlib.sha256(access_token.encode()).digest()
            expected = base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
            if not hmac.compare_digest(str(claims.get("ath")).encode(), expected.encode()):
                raise _refused("ath is of another token")
        self._check_nonce(claims.get("nonce"))

    def _check_nonce(self, nonce: object) -> None:
        try:
            self._nonces.check(nonce if isinstance(nonce, str) else "")
        except NonceNeeded as error:
            raise Refused(USE_DPOP_NONCE, f"dpop: {error}") from None


def _key(header: dict[str, object]) -> ECKey | OKPKey | RSAKey:
    """Import the public key of a header that is nothing else (RFC 9449 section 4.2)."""
    if header.get("typ") != _TYPE:
        raise _refused("typ is of another kind of token")
    if header.get("alg") not in ALGORITHMS:
        raise _refused("alg is not on offer")
    if not _HEAD.issuperset(header):
        raise _refused("a header with something else in it")
    jwk = header.get("jwk")
    if not isinstance(jwk, dict) or any(faults_of(jwk)):
        raise _refused("jwk is missing, private, weak or malformed")
    if header["alg"] not in fitting(jwk):
        raise _refused("jwk does not fit alg")
    try:
        key = JWKRegistry.import_key(cast("Any", dict(jwk)))
    except (JoseError, ValueError, TypeError, KeyError):
        raise _refused("jwk does not import") from None
    assert isinstance(key, ECKey | OKPKey | RSAKey)
    return key


def _json_object(segment: bytes) -> dict[str, object]:
    try:
        return strict_json.read_segment(segment)
    except ValueError:
        raise _refused("a segment is no object in JSON") from None


def _address(text: object) -> tuple[str, str, int | None, str] | None:
    """Give an address as it is compared, without query and fragment (RFC 9449 section 4.3)."""
    if not isinstance(text, str) or "\\" in text or not text.isascii() or not text.isprintable():
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.username is not None or not parts.hostname:
        return None
    scheme = parts.scheme.lower()
    return scheme, parts.hostname, port or _PORTS.get(scheme), parts.path or "/"


def _refused(detail: str) -> Refused:
    return Refused(INVALID_DPOP_PROOF, f"dpop: {detail}")
