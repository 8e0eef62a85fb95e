"""The signature algorithms on offer, and keys of each: made, kept as bytes, shown as JWK.

JOSE is joserfc's; here stands only which algorithms we take, with which parameters. A key belongs
to one algorithm for life (RFC 8725 section 3.1) and is named by its thumbprint (RFC 7638).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)
from joserfc.errors import UnsupportedAlgorithmError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from keys.errors import PolicyRefused, SealBroken

if TYPE_CHECKING:
    from joserfc._rfc7515.model import JWSAlgModel

ES256: Final = "ES256"
EDDSA: Final = "EdDSA"
PS256: Final = "PS256"
RS256: Final = "RS256"
ALGORITHMS: Final = (ES256, EDDSA, PS256, RS256)
"""Registered names (RFC 7518 section 3.1; RFC 8037 section 3.1, with Ed25519 only)."""

RSA_BITS: Final = 2048
_RSA_EXPONENT: Final = 65537

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
PublicKey: TypeAlias = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey
JoseKey: TypeAlias = ECKey | OKPKey | RSAKey


class OneAlgorithm(JWSRegistry):
    """joserfc's rules for exactly one algorithm.

    joserfc warns at the name ``EdDSA`` because it does not say which curve (RFC 9864). Clients
    register and discover that name, so it stays; the curve is pinned by the key's own algorithm.
    """

    max_header_length = 256
    max_payload_length = 32 * 1024
    max_signature_length = 1024

    def __init__(self, algorithm: str) -> None:
        super().__init__(algorithms=[algorithm])
        self._only = algorithm

    def get_alg(self, name: str) -> JWSAlgModel:
        """Give the one algorithm. Raises: UnsupportedAlgorithmError for any other name."""
        if name != self._only:
            raise UnsupportedAlgorithmError("another algorithm than the key's")
        return self.algorithms[name]


def checked(algorithm: str) -> str:
    """Give the name back if it is on offer. Raises: PolicyRefused."""
    if algorithm not in ALGORITHMS:
        raise PolicyRefused(f"no such algorithm; choose one of {', '.join(ALGORITHMS)}")
    return algorithm


def generate(algorithm: str) -> PrivateKey:
    """Make a fresh private key, from the library's own generator. Raises: PolicyRefused."""
    if checked(algorithm) == ES256:
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == EDDSA:
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=_RSA_EXPONENT, key_size=RSA_BITS)


def private_bytes(key: PrivateKey) -> bytes:
    """Give PKCS #8 (DER), to be sealed at once."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def public_bytes(key: PublicKey) -> bytes:
    """Give SubjectPublicKeyInfo (DER)."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def read_private(algorithm: str, der: bytes) -> PrivateKey:
    """Read ``private_bytes`` back. Raises: SealBroken when it is no key of the algorithm."""
    try:
        key = load_der_private_key(der, password=None)
    except ValueError as error:
        raise SealBroken("a stored private key does not decode") from error
    if isinstance(key, PrivateKey) and _fits(algorithm, key.public_key()):
        return key
    raise SealBroken("a stored private key is of another algorithm")


def read_public(algorithm: str, der: bytes) -> PublicKey:
    """Read ``public_bytes`` back. Raises: SealBroken when it is no key of the algorithm."""
    try:
        key = load_der_public_key(der)
    except ValueError as error:
        raise SealBroken("a stored public key does not decode") from error
    if isinstance(key, PublicKey) and _fits(algorithm, key):
        return key
    raise SealBroken("a stored public key is of another algorithm")


def jose_key(key: PrivateKey | PublicKey) -> JoseKey:
    """Give the key as joserfc takes it."""
    if isinstance(key, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey):
        return ECKey.import_key(key)
    if isinstance(key, ed25519.Ed25519PrivateKey | ed25519.Ed25519PublicKey):
        return OKPKey.import_key(key)
    return RSAKey.import_key(key)


def thumbprint(key: PublicKey) -> str:
    """Give the SHA-256 thumbprint of RFC 7638, base64url: the key's ``kid``."""
    return jose_key(key).thumbprint()


def public_jwk(algorithm: str, key: PublicKey) -> dict[str, str]:
    """Give the JWK (RFC 7517 section 4) with ``kid``, ``use`` and ``alg``; public members only."""
    members = jose_key(key).as_dict(private=False)
    jwk = {name: value for name, value in members.items() if isinstance(value, str)}
    return {**jwk, "kid": thumbprint(key), "use": "sig", "alg": algorithm}


def _fits(algorithm: str, key: PublicKey) -> bool:
    if algorithm == ES256:
        return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    if algorithm == EDDSA:
        return isinstance(key, ed25519.Ed25519PublicKey)
    return (
        algorithm in {PS256, RS256}
        and isinstance(key, rsa.RSAPublicKey)
        and key.key_size >= RSA_BITS
    )
