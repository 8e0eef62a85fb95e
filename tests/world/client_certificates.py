"""TLS certificates of e-services: by an authority of their own, or signed by themselves."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Certified:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def der(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def header(self) -> str:
        """As RFC 9440 writes it."""
        return f":{base64.b64encode(self.der).decode()}:"

    @property
    def escaped(self) -> str:
        """As nginx writes it in ``$ssl_client_escaped_cert``."""
        return quote(self.certificate.public_bytes(Encoding.PEM).decode())

    @property
    def thumbprint(self) -> str:
        """Its SHA-256, base64url (RFC 8705 section 3.1)."""
        digest = hashlib.sha256(self.der).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    @property
    def jwk(self) -> dict[str, Any]:
        """Its public key."""
        return dict(ECKey.import_key(self.key).as_dict(private=False))

    @property
    def pem(self) -> bytes:
        """Key and certificate, as a TLS client loads them."""
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return key + self.certificate.public_bytes(Encoding.PEM)


def certified(
    name: str,
    at: datetime,
    *,
    by: Certified | None = None,
    others: Sequence[x509.GeneralName] = (),
    lasts: timedelta = 30 * DAY,
    authority: bool = False,
) -> Certified:
    """Make a certificate for a name in RFC 4514's form; without ``by`` it signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name.from_rfc4514_string(name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if by is None else by.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - DAY)
        .not_valid_after(at - DAY + lasts)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if others:
        builder = builder.add_extension(x509.SubjectAlternativeName(others), critical=False)
    signer = key if by is None else by.key
    return Certified(certificate=builder.sign(signer, hashes.SHA256()), key=key)
