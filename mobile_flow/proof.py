"""The phone's signature over each of its requests, and the nonces that make it fresh.

A proof is a compact JWS (RFC 7515) by the key that cannot leave the phone's app, over method, path,
a nonce of ours and the hash of the body. No clock of a phone is asked: the nonce carries our time
under a MAC, so nothing is remembered and any worker can judge it. A proof may be sent again while
its nonce lives; what it asks for happens once, by compare-and-set.

``read`` looks at everything but the signature, ``verify`` at the signature alone, because the key
is found by what was read.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.registry import HeaderParameter

from mobile_flow.errors import NonceNeeded, ProofRefused
from mobile_flow.model import DeviceId
from mobile_flow.reading import decoded, encoded, json_object

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

HEADER: Final = "Sesame-Device"
NONCE_HEADER: Final = "Sesame-Nonce"
TYPE: Final = "sesame-device+jwt"
ALGORITHM: Final = "ES256"
NONCE_LASTS: Final = timedelta(minutes=5)

_LONGEST: Final = 2048
_LONGEST_TEXT: Final = 256
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}")
_JTI: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_CURVE: Final = "P-256"
_HEAD: Final = frozenset({"alg", "typ"})
_CLAIMS: Final = ("htm", "htu", "nonce", "jti", "bh")
_TIME_BYTES: Final = 8
_MAC_BYTES: Final = 16


class _Rules(jws.JWSRegistry):
    """joserfc's rules for these proofs: one algorithm, room for a key in the header."""

    max_header_length = 512
    max_payload_length = 1024
    max_signature_length = 86


_RULES: Final = _Rules(
    header_registry={"jwk": HeaderParameter("JSON Web Key", "jwk")}, algorithms=[ALGORITHM]
)


class Nonces:
    """Gives nonces and recognises its own; the time inside is ours."""

    def __init__(
        self,
        fingerprint: Callable[[bytes], bytes],
        *,
        now: Callable[[], datetime],
        generation: Callable[[], str],
        lasts: timedelta = NONCE_LASTS,
    ) -> None:
        """Take a MAC of 32 bytes under a key of all workers, and the stores' generation."""
        self._fingerprint = fingerprint
        self._now = now
        self._generation = generation
        self._known = ""
        self._lasts = lasts

    def give(self) -> str:
        """Make a nonce of this moment, and of the generation that was checked last.

        If that is over meanwhile, the nonce is refused as any of it, and ``check`` knows the new
        one by then.
        """
        time = int(self._now().timestamp()).to_bytes(_TIME_BYTES, "big")
        return encoded(time + self._mac(time, self._known or self._read()))

    def check(self, nonce: str) -> None:
        """Demand a nonce of ours that is not too old. Raises: NonceNeeded."""
        try:
            data = decoded(nonce)
        except ValueError:
            raise NonceNeeded("not a nonce of ours") from None
        time, mac = data[:_TIME_BYTES], data[_TIME_BYTES:]
        if not hmac.compare_digest(mac, self._mac(time, self._read())):
            raise NonceNeeded("not a nonce of ours, or of another generation of the stores")
        age = int(self._now().timestamp()) - int.from_bytes(time, "big")
        # A nonce may be a second ahead: two machines of ours never agree exactly.
        if not -1 <= age <= self._lasts.total_seconds():
            raise NonceNeeded("too old")

    def _read(self) -> str:
        self._known = self._generation()
        return self._known

    def _mac(self, time: bytes, generation: str) -> bytes:
        return self._fingerprint(b"nonce1|" + generation.encode() + b"|" + time)[:_MAC_BYTES]


@dataclass(frozen=True, kw_only=True, slots=True)
class UnverifiedProof:
    """A fresh proof for this very request, by whoever has the key: that is not known yet.

    Attributes:
        device: the identifier that it names (``kid``), or ``None`` where it carries its key.
        device_key: SubjectPublicKeyInfo (DER) of the key that it carries, else ``None``.
    """

    text: str = field(repr=False)
    device: DeviceId | None
    device_key: bytes | None = field(default=None, repr=False)


def read(text: str, *, method: str, path: str, body: bytes, nonces: Nonces) -> UnverifiedProof:
    """Read a proof for this request.

    Args:
        text: the header's value.
        method: of the request, in capitals.
        path: of the request as it was sent, without a query.
        body: all of it, empty where there is none.
        nonces: ours.

    Raises:
        ProofRefused: malformed, of another kind, or for another request.
        NonceNeeded: right but for its nonce.
    """
    if len(text) > _LONGEST or _COMPACT.fullmatch(text) is None:
        raise ProofRefused("not a compact JWS of bounded size")
    try:
        head, payload, _ = text.split(".")
        header, claims = json_object(decoded(head)), json_object(decoded(payload))
    except ValueError:
        raise ProofRefused("a segment is not one JSON object") from None
    if header.get("alg") != ALGORITHM or header.get("typ") != TYPE:
        raise ProofRefused("another algorithm or type")
    said = [claims.get(name) for name in _CLAIMS]
    if not all(isinstance(each, str) and len(each) <= _LONGEST_TEXT for each in said):
        raise ProofRefused("a claim is missing or no short text")
    htm, htu, nonce, jti, bh = (str(each) for each in said)
    if (htm, htu, bh) != (method, path, body_hash(body)):
        raise ProofRefused("a proof for another request")
    if _JTI.fullmatch(jti) is None:
        raise ProofRefused("jti is malformed")
    device, key = _who(header)
    nonces.check(nonce)
    return UnverifiedProof(text=text, device=device, device_key=key)


def verify(proof: UnverifiedProof, *, device_key: bytes) -> None:
    """Demand that this key (SubjectPublicKeyInfo, DER) signed the proof. Raises: ProofRefused."""
    try:
        jws.deserialize_compact(
            proof.text, _key(device_key), algorithms=[ALGORITHM], registry=_RULES
        )
    except (JoseError, ValueError, TypeError):
        raise ProofRefused("not signed by this key") from None


@lru_cache(maxsize=1024)
def _key(device_key: bytes) -> ECKey:
    """Read a public key; pure, and remembered for the phones that call often."""
    return ECKey.import_key(device_key)


def body_hash(body: bytes) -> str:
    """Give the claim ``bh``: SHA-256 of the body in base64url."""
    return encoded(hashlib.sha256(body).digest())


def public_key(jwk: object) -> bytes:
    """Give SubjectPublicKeyInfo (DER) of a public JWK on P-256 (RFC 7518 section 6.2.1).

    Raises:
        ProofRefused: another kind of key, one with more members than it needs (a private one among
            them), or a point that is not on the curve.
    """
    if not isinstance(jwk, dict) or jwk.get("kty") != "EC" or jwk.get("crv") != _CURVE:
        raise ProofRefused("not a key on P-256")
    if not {"kty", "crv", "x", "y"} <= jwk.keys() <= {"kty", "crv", "x", "y", "ext", "key_ops"}:
        raise ProofRefused("not a public key and nothing else")
    try:
        x, y = (_coordinate(jwk[name]) for name in ("x", "y"))
        return ECKey.import_key({"kty": "EC", "crv": _CURVE, "x": x, "y": y}).as_der(private=False)
    except (JoseError, ValueError, TypeError):
        raise ProofRefused("no point on the curve") from None


def _coordinate(value: object) -> str:
    if not isinstance(value, str) or len(decoded(value)) != 32:  # noqa: PLR2004 - 256 bits
        raise ValueError("not a coordinate of 32 bytes")
    return value


def _who(header: dict[str, object]) -> tuple[DeviceId | None, bytes | None]:
    """Give the identifier or the key that the header names. Raises: ProofRefused."""
    named = header.keys() - _HEAD
    if named == {"kid"}:
        kid = header["kid"]
        if not isinstance(kid, str) or _JTI.fullmatch(kid) is None:
            raise ProofRefused("kid is no identifier")
        return DeviceId(kid), None
    if named == {"jwk"}:
        return None, public_key(header["jwk"])
    raise ProofRefused("neither a device nor a key, both, or more")
