"""Certificate profiles of the Belgian eID PKI: root, CA, RRN signer, responder, holder, CRL."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.name import _ASN1Type  # old cards encode names as PrintableString
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from cardreader.sim.register import write_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cardreader.sim.register import Revocation

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_YEAR: Final = dt.timedelta(days=365)
_QC_STATEMENTS: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3")
# SEQUENCE { SEQUENCE { OID 0.4.0.1862.1.1 } }, SEQUENCE { SEQUENCE { OID 0.4.0.1862.1.4 } }
_QC_COMPLIANT: Final = bytes.fromhex("3014300806060400 8e460101 300806060400 8e460104")
_PRINTABLE: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Issuer:
    """A private key and its certificate."""

    key: Key = field(repr=False)
    certificate: x509.Certificate

    def write(self, folder: Path, label: str) -> None:
        """Keep both as PEM files, the key unencrypted with mode 0600: it is a simulation's."""
        write_private(
            folder / f"{label}.key.pem",
            self.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )
        pem = self.certificate.public_bytes(serialization.Encoding.PEM)
        write_private(folder / f"{label}.pem", pem)

    @classmethod
    def read(cls, folder: Path, label: str) -> Self:
        """Read what `write` kept; ``ValueError`` for another kind of key."""
        key = serialization.load_pem_private_key(
            (folder / f"{label}.key.pem").read_bytes(), password=None
        )
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise ValueError(f"{label}: neither RSA nor EC")  # noqa: TRY004 - a file's content
        pem = (folder / f"{label}.pem").read_bytes()
        return cls(key=key, certificate=x509.load_pem_x509_certificate(pem))


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """Where a CA's responder, list and certificate are served."""

    ocsp: str
    crl: str
    certificate: str

    @classmethod
    def of(cls, base_url: str, label: str) -> Self:
        """The services of the CA of this label under one base URL."""
        return cls(
            ocsp=f"{base_url}/ocsp/{label}",
            crl=f"{base_url}/crl/{label}",
            certificate=f"{base_url}/crt/{label}",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """The person of a card and the life of its certificates; ``modern`` = UTF8String names."""

    given_names: str
    surname: str
    national_number: str = field(repr=False)
    begin: dt.datetime
    end: dt.datetime
    modern: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """What a holder certificate is for, and the policy that says so."""

    signature: bool
    policy: str


def digest_for(key: Key) -> hashes.SHA256 | hashes.SHA384:
    """The digest this key signs certificates with: SHA-384 for P-384, SHA-256 for RSA."""
    return hashes.SHA384() if isinstance(key, ec.EllipticCurvePrivateKey) else hashes.SHA256()


def generate_like(key: Key) -> Key:
    """Make a fresh key of the same kind and size."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return ec.generate_private_key(key.curve)
    return rsa.generate_private_key(public_exponent=65537, key_size=key.key_size)


def key_usage(*names: str) -> x509.KeyUsage:
    """A KeyUsage extension with exactly these bits."""
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in names for name in every})


def policies(*oids: str) -> x509.CertificatePolicies:
    """A certificatePolicies extension with these OIDs and no qualifiers."""
    return x509.CertificatePolicies(
        [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in oids]
    )


def root(name: x509.Name, key: Key, begin: dt.datetime, years: int) -> Issuer:
    """A self-signed root that may certify CAs, which certify no further CA."""
    builder = _builder(name, name, key, (begin, begin + years * _YEAR))
    builder = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(key_usage("key_cert_sign", "crl_sign"), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Issuer(key=key, certificate=builder.sign(key, digest_for(key)))


def authority(
    issuer: Issuer,
    name: x509.Name,
    key: Key,
    *,
    begin: dt.datetime,
    years: int,
    services: Services,
) -> Issuer:
    """An issuing CA under a root; ``services`` are the root's."""
    builder = _builder(name, issuer.certificate.subject, key, (begin, begin + years * _YEAR))
    builder = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage("key_cert_sign", "crl_sign"), critical=True)
        .add_extension(policies("2.5.29.32.0"), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_authority_key(issuer), critical=False)
        .add_extension(_crl_points(services), critical=False)
        .add_extension(_access(services), critical=False)
    )
    return Issuer(key=key, certificate=builder.sign(issuer.key, digest_for(issuer.key)))


def rrn(issuer: Issuer, key: Key, policy: str, begin: dt.datetime) -> Issuer:
    """The National Register's signer of identity and address files."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "BE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Sesame"),
            x509.NameAttribute(NameOID.COMMON_NAME, "RRN"),
        ]
    )
    builder = _builder(name, issuer.certificate.subject, key, (begin, begin + 10 * _YEAR))
    builder = (
        builder.add_extension(key_usage("digital_signature", "content_commitment"), critical=True)
        .add_extension(policies(policy), critical=False)
        .add_extension(_authority_key(issuer), critical=False)
    )
    return Issuer(key=key, certificate=builder.sign(issuer.key, digest_for(issuer.key)))


def responder(
    issuer: Issuer,
    key: Key,
    *,
    begin: dt.datetime,
    life: dt.timedelta = 5 * _YEAR,
    signing: bool = True,
) -> Issuer:
    """A delegated OCSP responder (RFC 6960 section 4.2.2.2); ``signing=False`` omits its EKU."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "BE"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Sesame OCSP Responder"),
        ]
    )
    use = ExtendedKeyUsageOID.OCSP_SIGNING if signing else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = _builder(name, issuer.certificate.subject, key, (begin, begin + life))
    builder = (
        builder.add_extension(key_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        .add_extension(x509.OCSPNoCheck(), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_authority_key(issuer), critical=False)
    )
    return Issuer(key=key, certificate=builder.sign(issuer.key, digest_for(issuer.key)))


def holder(issuer: Issuer, who: Holder, key: Key, services: Services, use: Use) -> Issuer:
    """A holder's authentication or signature certificate."""
    builder = holder_builder(issuer, who, key, services, use)
    return Issuer(key=key, certificate=builder.sign(issuer.key, digest_for(issuer.key)))


def holder_builder(
    issuer: Issuer, who: Holder, key: Key, services: Services, use: Use
) -> x509.CertificateBuilder:
    """The unsigned holder certificate, so that a test may spoil it before it is signed."""
    # Real cards: 16 bytes that begin 10 00 00.
    serial = (0x10 << 120) | (x509.random_serial_number() & ((1 << 80) - 1))
    life = (who.begin, who.end)
    name = subject(who, use)
    builder = _builder(name, issuer.certificate.subject, key, life, serial=serial)
    bits = "content_commitment" if use.signature else "digital_signature"
    builder = (
        builder.add_extension(key_usage(bits), critical=True)
        .add_extension(_authority_key(issuer), critical=False)
        .add_extension(policies(use.policy), critical=False)
        .add_extension(_crl_points(services), critical=False)
        .add_extension(_access(services), critical=False)
    )
    if use.signature:
        statements = x509.UnrecognizedExtension(_QC_STATEMENTS, _QC_COMPLIANT)
        return builder.add_extension(statements, critical=False)
    client = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    return builder.add_extension(client, critical=False)


def subject(who: Holder, use: Use) -> x509.Name:
    """C, CN, SN, GN, serialNumber in the order and the string types of the cards."""
    first = who.given_names.split(" ", maxsplit=1)[0]
    role = "(Signature)" if use.signature else "(Authentication)"
    common = " ".join(part for part in (first, who.surname, role) if part)
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "BE"),
        _text(NameOID.COMMON_NAME, common, modern=who.modern),
        _text(NameOID.SURNAME, who.surname, modern=who.modern),
    ]
    if who.given_names:
        attributes.append(_text(NameOID.GIVEN_NAME, who.given_names, modern=who.modern))
    attributes.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, who.national_number))
    return x509.Name(attributes)


def revocation_list(
    issuer: Issuer, rows: Mapping[int, Revocation], *, at: dt.datetime, until: dt.datetime
) -> bytes:
    """A signed CRL of these revocations, DER."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(at)
        .next_update(until)
        .add_extension(_authority_key(issuer), critical=False)
        .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
    )
    for serial, row in rows.items():
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(row.at)
        if row.reason is not x509.ReasonFlags.unspecified:
            entry = entry.add_extension(x509.CRLReason(row.reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    signed = builder.sign(issuer.key, digest_for(issuer.key))
    return signed.public_bytes(serialization.Encoding.DER)


def _builder(
    name: x509.Name,
    issuer: x509.Name,
    key: Key,
    life: tuple[dt.datetime, dt.datetime],
    *,
    serial: int | None = None,
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=serial or x509.random_serial_number(),
        not_valid_before=_naive(life[0]),
        not_valid_after=_naive(life[1]),
    )


def _naive(moment: dt.datetime) -> dt.datetime:
    """The library keeps whole seconds of UTC without a zone in its builder."""
    return moment.astimezone(dt.UTC).replace(microsecond=0, tzinfo=None)


def _authority_key(issuer: Issuer) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())


def _crl_points(services: Services) -> x509.CRLDistributionPoints:
    where = x509.UniformResourceIdentifier(services.crl)
    return x509.CRLDistributionPoints([x509.DistributionPoint([where], None, None, None)])


def _access(services: Services) -> x509.AuthorityInformationAccess:
    rows = (
        (AuthorityInformationAccessOID.CA_ISSUERS, services.certificate),
        (AuthorityInformationAccessOID.OCSP, services.ocsp),
    )
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(oid, x509.UniformResourceIdentifier(url)) for oid, url in rows]
    )


def _text(oid: x509.ObjectIdentifier, value: str, *, modern: bool) -> x509.NameAttribute[str]:
    plain = not modern and set(value) <= _PRINTABLE
    return x509.NameAttribute(
        oid, value, _type=_ASN1Type.PrintableString if plain else _ASN1Type.UTF8String
    )
