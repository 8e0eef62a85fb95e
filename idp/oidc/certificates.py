"""A client's TLS certificate (RFC 8705): read by a library, compared with what is registered.

Whoever holds the certificate's key spoke to the proxy in front; the proxy's word for that is judged
before anything comes here. Whether a chain was verified is the proxy's word too: without it only a
certificate whose own key is registered proves anybody.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from idp.domain.certificate_use import SubjectPart
from idp.errors import CERTIFICATE_UNREADABLE, INVALID_CLIENT, Refused
from idp.oidc import binding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from idp.domain.certificate_use import CertificateSubject

LONGEST: Final = 8192
_REMEMBERED: Final = 1024
_NAMES: Final = {
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "E": NameOID.EMAIL_ADDRESS,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "SERIALNUMBER": NameOID.SERIAL_NUMBER,
    "SN": NameOID.SURNAME,
    "GN": NameOID.GIVEN_NAME,
    "organizationIdentifier": NameOID.ORGANIZATION_IDENTIFIER,
    "jurisdictionC": NameOID.JURISDICTION_COUNTRY_NAME,
    "businessCategory": NameOID.BUSINESS_CATEGORY,
    "postalCode": NameOID.POSTAL_CODE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientCertificate:
    """A certificate whose key the peer holds, as the proxy says.

    Attributes:
        chain_verified: the proxy says that a chain it trusts ends in it.
    """

    parsed: x509.Certificate = field(repr=False)
    thumbprint: str
    chain_verified: bool = False

    @property
    def key(self) -> str:
        """Name it as tokens keep what they are bound to (RFC 8705 section 3.1)."""
        return binding.of_certificate(self.thumbprint)


def read(der: bytes, *, chain_verified: bool) -> ClientCertificate:
    """Read a certificate that a proxy handed over.

    Raises:
        Refused: CERTIFICATE_UNREADABLE.
    """
    if len(der) > LONGEST:
        raise Refused(CERTIFICATE_UNREADABLE, "certificate: too long")
    digest = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=")
    return ClientCertificate(
        parsed=_parsed(der), thumbprint=digest.decode("ascii"), chain_verified=chain_verified
    )


def prove_by_subject(
    certificate: ClientCertificate, subject: CertificateSubject, *, now: datetime
) -> None:
    """Demand the registered subject in a certificate of a verified chain (RFC 8705 section 2.1).

    Raises:
        Refused: INVALID_CLIENT.
    """
    if not certificate.chain_verified:
        raise _refused("nobody verified its chain")
    _demand_in_time(certificate, now=now)
    try:
        named = _names(certificate.parsed, subject.part)
        wanted = _wanted(subject)
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise _refused("its names cannot be read") from None
    if wanted not in named:
        raise _refused("of another subject")


def prove_by_key(
    certificate: ClientCertificate, key_sets: Iterable[Mapping[str, object]], *, now: datetime
) -> None:
    """Demand that its key is one of the client's (RFC 8705 section 2.2).

    A certificate in ``x5c`` says no more than the key beside it, so the keys are compared. One that
    is registered to encrypt to, which others may hold for the client, proves nobody.

    Raises:
        Refused: INVALID_CLIENT.
    """
    _demand_in_time(certificate, now=now)
    try:
        shown = certificate.parsed.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _refused("its key cannot be read") from None
    for jwks in key_sets:
        keys = jwks.get("keys")
        if isinstance(keys, list | tuple) and any(_public(jwk) == shown for jwk in keys):
            return
    raise _refused("its key is not registered")


def subject_fault(part: SubjectPart, value: str) -> str | None:
    """Give what is wrong with a subject that is to be registered; nothing where it is usable."""
    if part is SubjectPart.SUBJECT_DN:
        try:
            name = _distinguished(value)
        except ValueError:
            return "write it as RFC 4514 does, such as CN=service,O=Example,C=BE"
        return None if list(name) else "this names nobody"
    if part is SubjectPart.SAN_IP:
        return _address_fault(value)
    if not value.isascii() or " " in value or "*" in value:
        return "only ASCII, without spaces or wildcards, as it stands in the certificate"
    if part is SubjectPart.SAN_DNS and value != value.lower():
        return "write the name in lower case"
    return None


def _address_fault(value: str) -> str | None:
    try:
        ip_address(value)
    except ValueError:
        return "write an IP address"
    return None


def _demand_in_time(certificate: ClientCertificate, *, now: datetime) -> None:
    begins, ends = certificate.parsed.not_valid_before_utc, certificate.parsed.not_valid_after_utc
    if not begins <= now < ends:
        raise _refused("expired, or not yet valid")


def _names(parsed: x509.Certificate, part: SubjectPart) -> tuple[object, ...]:
    """Give the names of one kind that a certificate has."""
    if part is SubjectPart.SUBJECT_DN:
        return (parsed.subject,)
    try:
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    if part is SubjectPart.SAN_DNS:
        return tuple(name.lower() for name in names.get_values_for_type(x509.DNSName))
    if part is SubjectPart.SAN_URI:
        return tuple(names.get_values_for_type(x509.UniformResourceIdentifier))
    if part is SubjectPart.SAN_IP:
        return tuple(names.get_values_for_type(x509.IPAddress))
    return tuple(names.get_values_for_type(x509.RFC822Name))


def _wanted(subject: CertificateSubject) -> object:
    if subject.part is SubjectPart.SUBJECT_DN:
        return _distinguished(subject.value)
    if subject.part is SubjectPart.SAN_IP:
        return ip_address(subject.value)
    return subject.value


@lru_cache(_REMEMBERED)
def _distinguished(text: str) -> x509.Name:
    """Read a name as RFC 4514 writes it, with the attribute names that certificates use."""
    return x509.Name.from_rfc4514_string(text, _NAMES)


@lru_cache(_REMEMBERED)
def _parsed(der: bytes) -> x509.Certificate:
    try:
        parsed = x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion):
        raise Refused(CERTIFICATE_UNREADABLE, "certificate: not one in DER") from None
    if parsed.serial_number <= 0:
        raise Refused(CERTIFICATE_UNREADABLE, "certificate: a number that RFC 5280 forbids")
    return parsed


def _public(jwk: object) -> bytes | None:
    if isinstance(jwk, dict) and jwk.get("use") not in {None, "sig"}:
        return None
    try:
        key = JWKRegistry.import_key(cast("Any", dict(cast("Any", jwk))))
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if not isinstance(key, ECKey | OKPKey | RSAKey):
        return None
    return key.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _refused(detail: str) -> Refused:
    return Refused(INVALID_CLIENT, f"certificate: {detail}")
