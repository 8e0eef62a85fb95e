"""What a client registered about its TLS certificate (RFC 8705): whose it is, and what it binds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class SubjectPart(StrEnum):
    """Where the name stands that a certificate must have, as registered (RFC 8705 2.1.2)."""

    SUBJECT_DN = "tls_client_auth_subject_dn"
    SAN_DNS = "tls_client_auth_san_dns"
    SAN_URI = "tls_client_auth_san_uri"
    SAN_IP = "tls_client_auth_san_ip"
    SAN_EMAIL = "tls_client_auth_san_email"


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateSubject:
    """The one name by which the certificate of a client is known."""

    part: SubjectPart
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateUse:
    """A client's certificate.

    Attributes:
        subject: whose certificate proves the client by ``tls_client_auth``.
        bound: its tokens are good with its certificate alone (RFC 8705 section 3.4).
    """

    subject: CertificateSubject | None = None
    bound: bool = False


NO_CERTIFICATE: Final = CertificateUse()
"""Of a client that needs none."""
