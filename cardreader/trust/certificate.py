"""What the certificate itself must say: decodable, for authentication, in force, of one person."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

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
    from cardreader.trust.case import Case

_UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)
_LONGEST_NAME: Final = 256
_NUMBER: Final = re.compile(r"[0-9]{11}", re.ASCII)
_CENTURY: Final = 2_000_000_000


def decoded(case: Case) -> Case:
    """The certificate is X.509 version 3 with readable extensions and a readable name."""
    try:
        certificate = x509.load_der_x509_certificate(case.token.certificate)
        readable = certificate.version is x509.Version.v3
        unknown = {row.oid for row in certificate.extensions if row.critical} - _UNDERSTOOD
        key = _read_everything(certificate, case.token.certificate)
    except Exception:  # noqa: BLE001 - whatever a hostile encoding raises, it is the same refusal
        # No cause: the library's messages may carry the subject, hence the national number.
        raise TokenMalformed("certificate") from None
    if not readable:
        raise TokenMalformed("certificate version")
    if unknown:
        raise CertificateRefused("a critical extension that we do not understand")
    if not isinstance(key, HolderKey):
        raise CertificateRefused("a key that no card has")
    return replace(case, found_certificate=certificate, found_key=key)


def for_authentication(case: Case) -> Case:
    """KeyUsage has digitalSignature and not nonRepudiation; EKU is absent or has clientAuth."""
    extensions = case.certificate.extensions
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        raise CertificateRefused("no key usage") from None
    if not usage.digital_signature or usage.content_commitment or usage.key_cert_sign:
        raise CertificateRefused("key usage is not that of authentication")
    try:
        if extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            raise CertificateRefused("a CA certificate")
    except x509.ExtensionNotFound:
        pass
    try:
        extended = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return case
    if ExtendedKeyUsageOID.CLIENT_AUTH not in extended:
        raise CertificateRefused("extended key usage without client authentication")
    return case


def under_authentication_policy(case: Case) -> Case:
    """The certificate claims an authentication policy that some trusted root uses.

    Signature and RRN policies are on no such list. The path check then demands that the policy
    belongs to the very root that the certificate stands under.
    """
    try:
        extension = case.certificate.extensions.get_extension_for_class(x509.CertificatePolicies)
    except x509.ExtensionNotFound:
        raise CertificateRefused("no policy") from None
    claimed = frozenset(row.policy_identifier.dotted_string for row in extension.value)
    accepted = claimed & case.anchors.policies()
    if not accepted:
        raise CertificateRefused("not an authentication policy")
    return replace(case, found_policies=accepted)


def in_force(case: Case) -> Case:
    """Now lies between the certificate's begin and end, both inclusive."""
    if case.now < case.certificate.not_valid_before_utc:
        raise CertificateNotYetValid
    if case.now > case.certificate.not_valid_after_utc:
        raise CertificateExpired
    return case


def naming_one_person(case: Case) -> Case:
    """Names and number are read by OID, each at most once, with nothing hidden in them."""
    name = case.certificate.subject
    if any(len(part) != 1 for part in name.rdns):
        raise CertificateRefused("a relative name of several values")
    number = _one(name, NameOID.SERIAL_NUMBER)
    require_number(number, strict=case.strict_number)
    surname = _one(name, NameOID.SURNAME)
    given = _one(name, NameOID.GIVEN_NAME, optional=True)
    return replace(
        case,
        found_subject=Subject(given_names=given, surname=surname, national_number=number),
    )


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


def _read_everything(certificate: x509.Certificate, der: bytes) -> object:
    """Decode now what the library would decode when first asked, and raise there; gives the key."""
    for name in (certificate.subject, certificate.issuer):
        name.public_bytes()
    key = certificate.public_key()
    if certificate.serial_number <= 0:
        raise ValueError("serial number")
    # What follows the signed part is the holder's to bend: a signature of whole bytes ends it.
    if not der.endswith(b"\0" + certificate.signature):
        raise ValueError("signature")
    for moment in (certificate.not_valid_before_utc, certificate.not_valid_after_utc):
        moment.timestamp()
    return key


def _one(name: x509.Name, oid: x509.ObjectIdentifier, *, optional: bool = False) -> str:
    values = [row.value for row in name.get_attributes_for_oid(oid)]
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
