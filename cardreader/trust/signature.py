"""The card's signature over the origin and the challenge (Web eID token format, section 2)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from cardreader.errors import SignatureWrong

if TYPE_CHECKING:
    from cardreader.token import Algorithm
    from cardreader.trust.case import Case


@dataclass(frozen=True, kw_only=True, slots=True)
class _Curve:
    curve: type[ec.EllipticCurve]
    digest: str
    scheme: ec.ECDSA
    half: int  # bytes of R and of S


_CURVES: Final[dict[str, _Curve]] = {
    "ES256": _Curve(curve=ec.SECP256R1, digest="sha256", scheme=ec.ECDSA(hashes.SHA256()), half=32),
    "ES384": _Curve(curve=ec.SECP384R1, digest="sha384", scheme=ec.ECDSA(hashes.SHA384()), half=48),
    "ES512": _Curve(curve=ec.SECP521R1, digest="sha512", scheme=ec.ECDSA(hashes.SHA512()), half=66),
}
_RSA_DIGEST: Final = hashes.SHA256()
_RSA: Final[dict[str, padding.AsymmetricPadding]] = {
    "RS256": padding.PKCS1v15(),
    "PS256": padding.PSS(mgf=padding.MGF1(_RSA_DIGEST), salt_length=padding.PSS.DIGEST_LENGTH),
}
_SMALLEST_RSA: Final = 2048
_LARGEST_RSA: Final = 4096


def signed_bytes(algorithm: Algorithm, *, origin: str, nonce: str) -> bytes:
    """What the algorithm signs: H(origin) followed by H(nonce), the nonce as its base64 text."""
    digest = _CURVES[algorithm].digest if algorithm in _CURVES else "sha256"
    return b"".join(hashlib.new(digest, text.encode("ascii")).digest() for text in (origin, nonce))


def covering_origin_and_challenge(case: Case) -> None:
    """The certificate's key signed exactly this origin and challenge; algorithm and key agree.

    Runs before any call to the network, so a stranger's certificate alone makes us call nobody.
    Wrong origin, wrong challenge and wrong key cannot be told apart.
    """
    key = case.key
    algorithm, signature = case.token.algorithm, case.token.signature
    message = signed_bytes(algorithm, origin=case.origin, nonce=case.nonce)
    try:
        if algorithm in _CURVES and isinstance(key, ec.EllipticCurvePublicKey):
            _verify_curve(key, _CURVES[algorithm], signature, message)
        elif algorithm in _RSA and isinstance(key, rsa.RSAPublicKey):
            _verify_rsa(key, _RSA[algorithm], signature, message)
        else:
            raise SignatureWrong("the algorithm is not the key's")
    except InvalidSignature:
        raise SignatureWrong("signature") from None


def _verify_curve(
    key: ec.EllipticCurvePublicKey, rule: _Curve, signature: bytes, message: bytes
) -> None:
    if not isinstance(key.curve, rule.curve):
        raise SignatureWrong("the algorithm is not the curve's")
    if len(signature) != 2 * rule.half:
        raise SignatureWrong("length")
    r, s = (int.from_bytes(part) for part in (signature[: rule.half], signature[rule.half :]))
    key.verify(encode_dss_signature(r, s), message, rule.scheme)


def _verify_rsa(
    key: rsa.RSAPublicKey, scheme: padding.AsymmetricPadding, signature: bytes, message: bytes
) -> None:
    if not _SMALLEST_RSA <= key.key_size <= _LARGEST_RSA:
        raise SignatureWrong("key size")
    if len(signature) != (key.key_size + 7) // 8:
        raise SignatureWrong("length")
    key.verify(signature, message, scheme, _RSA_DIGEST)
