"""What the certificate itself must say: decodable, for authentication, in force, of one person."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from cardreader.errors import (
    CertificateExpired,
    CertificateNotYetValid,
    CertificateRefused,
    TokenMalformed,
)
from cardreader.trust.case import HolderKey, Subject

if TYPE_CHECKING:
    import datetime as dt

    from cardreader.trust.case import Case, Extensions

_UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)
_Kind = TypeVar("_Kind", bound=x509.ExtensionType)
_Name = dict[x509.ObjectIdentifier, list[str | bytes]]
_LONGEST_NAME: Final = 256
_NUMBER: Final = re.compile(r"[0-9]{11}", re.ASCII)
_CENTURY: Final = 2_000_000_000


def decoded(case: Case) -> None:
    """The certificate is X.509 version 3 with readable extensions and a readable name."""
    try:
        certificate = x509.load_der_x509_certificate(case.token.certificate)
        readable = certificate.version is x509.Version.v3
        rows = certificate.extensions
        unknown = {row.oid for row in rows if row.critical} - _UNDERSTOOD
        key, window = _read_everything(certificate, case.token.certificate)
    except Exception:  # noqa: BLE001 - whatever a hostile encoding raises, it is the same refusal
        # No cause: the library's messages may carry the subject, hence the national number.
        raise TokenMalformed("certificate") from None
    if not readable:
        raise TokenMalformed("certificate version")
    if unknown:
        raise CertificateRefused("a critical extension that we do not understand")
    if not isinstance(key, HolderKey):
        raise CertificateRefused("a key that no card has")
    case.found_certificate, case.found_key, case.found_window = certificate, key, window
    case.found_extensions = {type(row.value): row.value for row in rows}


def for_authentication(case: Case) -> None:
    """KeyUsage has digitalSignature and not nonRepudiation; EKU is absent or has clientAuth."""
    usage = _extension(case.extensions, x509.KeyUsage)
    if usage is None:
        raise CertificateRefused("no key usage")
    if not usage.digital_signature or usage.content_commitment or usage.key_cert_sign:
        raise CertificateRefused("key usage is not that of authentication")
    basic = _extension(case.extensions, x509.BasicConstraints)
    if basic is not None and basic.ca:
        raise CertificateRefused("a CA certificate")
    extended = _extension(case.extensions, x509.ExtendedKeyUsage)
    if extended is not None and ExtendedKeyUsageOID.CLIENT_AUTH not in extended:
        raise CertificateRefused("extended key usage without client authentication")


def under_authentication_policy(case: Case) -> None:
    """The certificate claims an authentication policy that some trusted root uses.

    Signature and RRN policies are on no such list. The path check then demands that the policy
    belongs to the very root that the certificate stands under.
    """
    extension = _extension(case.extensions, x509.CertificatePolicies)
    if extension is None:
        raise CertificateRefused("no policy")
    claimed = frozenset(row.policy_identifier.dotted_string for row in extension)
    accepted = claimed & case.anchors.policies
    if not accepted:
        raise CertificateRefused("not an authentication policy")
    case.found_policies = accepted


def in_force(case: Case) -> None:
    """Now lies between the certificate's begin and end, both inclusive."""
    begin, end = case.window
    if case.now < begin:
        raise CertificateNotYetValid
    if case.now > end:
        raise CertificateExpired


def naming_one_person(case: Case) -> None:
    """Names and number are read by OID, each at most once, with nothing hidden in them."""
    name: _Name = {}
    for part in case.certificate.subject.rdns:
        if len(part) != 1:
            raise CertificateRefused("a relative name of several values")
        for row in part:
            name.setdefault(row.oid, []).append(row.value)
    number = _one(name, NameOID.SERIAL_NUMBER)
    require_number(number, strict=case.strict_number)
    surname = _one(name, NameOID.SURNAME)
    given = _one(name, NameOID.GIVEN_NAME, optional=True)
    case.found_subject = Subject(given_names=given, surname=surname, national_number=number)


def require_number(number: str, *, strict: bool) -> None:
    """Refuse what is no national register or BIS number.

    Eleven digits; with ``strict`` the last two must be 97 minus the first nine modulo 97, where a
    number given since 2000 counts with a 2 before it.

    Raises:
        CertificateRefused: it is not one.
    """
    if _NUMBER.fullmatch(number) is None:
        raise CertificateRefused("the number is not eleven digits")
    body, check = int(number[:9]), int(number[9:])
    if strict and check not in (97 - body % 97, 97 - (_CENTURY + body) % 97):
        raise CertificateRefused("the check digits of the number")


def _read_everything(
    certificate: x509.Certificate, der: bytes
) -> tuple[object, tuple[dt.datetime, dt.datetime]]:
    """Decode now what the library would decode when first asked; gives the key, begin and end.

    Not the issuer's name: the path compares it as it is written, and no one else reads it.
    """
    _ = certificate.subject
    key = certificate.public_key()
    if certificate.serial_number <= 0:
        raise ValueError("serial number")
    # What follows the signed part is the holder's to bend: a signature of whole bytes ends it.
    if not der.endswith(b"\0" + certificate.signature):
        raise ValueError("signature")
    return key, (certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def _extension(extensions: Extensions, kind: type[_Kind]) -> _Kind | None:
    found = extensions.get(kind)
    return found if isinstance(found, kind) else None


def _one(name: _Name, oid: x509.ObjectIdentifier, *, optional: bool = False) -> str:
    values = name.get(oid, ())
    if not values and optional:
        return ""
    if len(values) != 1:
        raise CertificateRefused("an attribute of the name is absent or there twice")
    value = values[0]
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_NAME:
        raise CertificateRefused("an attribute of the name is not text")
    if not value.isprintable() or not value.strip():
        raise CertificateRefused("an attribute of the name has hidden characters")
    return value
