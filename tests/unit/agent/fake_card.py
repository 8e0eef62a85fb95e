"""A card session without a card: a real key and certificate, a PIN with three tries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.x509.oid import NameOID

from cardreader.errors import PinBlocked, PinWrong

NOW = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)
PIN = "918273"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def certificate_for(key: Key, *, days: int = 365) -> bytes:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "BE"),
            x509.NameAttribute(NameOID.COMMON_NAME, "An Peeters (Authentication)"),
            x509.NameAttribute(NameOID.SURNAME, "Peeters"),
            x509.NameAttribute(NameOID.GIVEN_NAME, "An"),
        ]
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - dt.timedelta(days=30))
        .not_valid_after(NOW + dt.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    from cryptography.hazmat.primitives.serialization import Encoding

    return made.public_bytes(Encoding.DER)


@dataclass(kw_only=True)
class FakeCard:
    """Counts what was asked of it."""

    key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP384R1()))
    tries: int = 3
    tells_tries: bool = True
    presented: list[str] = field(default_factory=list)
    verified: bool = False
    short_signature: bool = False

    def __post_init__(self) -> None:
        self.der = certificate_for(self.key)

    def tries_left(self) -> int | None:
        return self.tries if self.tells_tries else None

    def authentication_certificate(self) -> bytes:
        return self.der

    def verify_pin(self, pin: str) -> None:
        self.presented.append(pin)
        if self.tries == 0:
            raise PinBlocked
        if pin != PIN:
            self.tries -= 1
            if self.tries == 0:
                raise PinBlocked
            raise PinWrong(self.tries)
        self.tries, self.verified = 3, True

    def sign_authentication(self, digest: bytes, hash_name: Literal["sha256", "sha384"]) -> bytes:
        assert self.verified
        if self.short_signature:
            return b"\x01" * 95
        algorithm = utils.Prehashed(hashes.SHA384() if hash_name == "sha384" else hashes.SHA256())
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(digest, padding.PKCS1v15(), algorithm)
        r, s = utils.decode_dss_signature(self.key.sign(digest, ec.ECDSA(algorithm)))
        return r.to_bytes(48, "big") + s.to_bytes(48, "big")

    def log_off(self) -> None:
        self.verified = False
