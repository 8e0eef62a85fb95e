"""What the card's keys compute: signatures over hashes made elsewhere, in the card's own forms.

RSA answers are padded by the card, PKCS #1 v1.5 or PSS; EC answers are plain r and s joined, each
as wide as the group order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_SHA1_INFO: Final = bytes.fromhex("3021300906052B0E03021A05000414")
_MD5_INFO: Final = bytes.fromhex("3020300C06082A864886F70D020505000410")
_SHA256_INFO: Final = bytes.fromhex("3031300D060960864801650304020105000420")

# Only the length of a hash matters to ECDSA: these stand for every hash of that length.
_BY_LENGTH: Final[dict[int, hashes.HashAlgorithm]] = {
    20: hashes.SHA1(),  # noqa: S303 - what the card offers
    28: hashes.SHA224(),
    32: hashes.SHA256(),
    48: hashes.SHA384(),
    64: hashes.SHA512(),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RsaAlgorithm:
    """A reference of MSE SET on applet 1.7.

    Attributes:
        lengths: what the data of PSO may measure.
        prefix: the DigestInfo before the hash; empty where the caller brings it.
        pss: the hash of PSS, whose salt is as long; None for PKCS #1 v1.5.
    """

    lengths: range
    prefix: bytes = b""
    pss: hashes.HashAlgorithm | None = None


def _exactly(length: int) -> range:
    return range(length, length + 1)


RSA: Final[dict[int, RsaAlgorithm]] = {
    0x01: RsaAlgorithm(lengths=range(1, 246)),
    0x02: RsaAlgorithm(lengths=_exactly(20), prefix=_SHA1_INFO),
    0x04: RsaAlgorithm(lengths=_exactly(16), prefix=_MD5_INFO),
    0x08: RsaAlgorithm(lengths=_exactly(32), prefix=_SHA256_INFO),
    0x10: RsaAlgorithm(lengths=_exactly(20), pss=hashes.SHA1()),  # noqa: S303 - the card's offer
    0x20: RsaAlgorithm(lengths=_exactly(32), pss=hashes.SHA256()),
}
EC: Final[dict[int, frozenset[int]]] = {
    0x01: frozenset({32}),
    0x02: frozenset({48}),
    0x04: frozenset({64}),
    0x08: frozenset({32}),
    0x10: frozenset({48}),
    0x20: frozenset({64}),
    0x40: frozenset(_BY_LENGTH),
}


def fits(key: Key, algorithm: int, length: int) -> bool:
    """Tell whether data of this length may be signed with this algorithm reference."""
    if isinstance(key, rsa.RSAPrivateKey):
        return length in RSA[algorithm].lengths
    return length in EC[algorithm]


def sign(key: Key, algorithm: int, data: bytes) -> bytes:
    """Sign data that `fits`: 256 bytes for RSA-2048, 96 for P-384."""
    if isinstance(key, rsa.RSAPrivateKey):
        chosen = RSA[algorithm]
        if chosen.pss is not None:
            scheme = padding.PSS(padding.MGF1(chosen.pss), chosen.pss.digest_size)
            return key.sign(data, scheme, utils.Prehashed(chosen.pss))
        return key.sign(chosen.prefix + data, padding.PKCS1v15(), utils.NoDigestInfo())
    return plain_ecdsa(key, data)


def plain_ecdsa(key: ec.EllipticCurvePrivateKey, digest: bytes) -> bytes:
    """ECDSA over a ready hash, as r and s joined at fixed width."""
    der = key.sign(digest, ec.ECDSA(utils.Prehashed(_BY_LENGTH[len(digest)])))
    width = (key.curve.key_size + 7) // 8
    return b"".join(part.to_bytes(width, "big") for part in utils.decode_dss_signature(der))
