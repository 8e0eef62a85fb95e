"""The OCSP responder of the simulated country, honest unless a test asks it to lie."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from cardreader.sim import profiles

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hashes

    from cardreader.sim.pki import Country, OcspLies
    from cardreader.sim.profiles import Issuer

_LIFE: Final = dt.timedelta(hours=12)
_REFUSALS: Final = {
    "try-later": ocsp.OCSPResponseStatus.TRY_LATER,
    "internal-error": ocsp.OCSPResponseStatus.INTERNAL_ERROR,
}


def answer(country: Country, der_request: bytes, *, at: dt.datetime, lies: OcspLies) -> bytes:
    """Answer one request (RFC 6960 section 4.2): DER in, DER out, whatever came in."""
    if lies.refuse != "no":
        return _unsuccessful(_REFUSALS[lies.refuse])
    try:
        request = ocsp.load_der_ocsp_request(der_request)
        algorithm = request.hash_algorithm
    except ValueError:
        return _unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
    label = _asked(country, request, algorithm)
    if label is None:
        return _unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
    moment = at.astimezone(dt.UTC).replace(microsecond=0) + lies.moved
    status, row = ocsp.OCSPCertStatus.GOOD, None
    try:
        row = country.status(label, request.serial_number, at=at)
    except KeyError:
        status = ocsp.OCSPCertStatus.UNKNOWN
    if row is not None:
        status = ocsp.OCSPCertStatus.REVOKED
    if lies.status != "true":
        status, row = ocsp.OCSPCertStatus[lies.status.upper()], None
    known = row is not None and row.reason is not x509.ReasonFlags.unspecified
    signer = _signer(country, label, lies, at)
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_hash(
            request.issuer_name_hash,
            request.issuer_key_hash,
            lies.other_serial or request.serial_number,
            algorithm,
            status,
            moment,
            moment + _LIFE if lies.next_update else None,
            row.at.astimezone(dt.UTC) if row else None,
            row.reason if row and known else None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        .certificates([signer.certificate])
    )
    builder = _with_nonce(builder, request, lies)
    signed = builder.sign(signer.key, profiles.digest_for(signer.key))
    der = signed.public_bytes(Encoding.DER)
    if lies.signer == "wrong-key":
        # The library will not sign with a key that is not the certificate's: spoil the signature.
        good = signed.signature
        der = der.replace(good, good[:-1] + bytes([good[-1] ^ 1]))
    return der


def _asked(
    country: Country, request: ocsp.OCSPRequest, algorithm: hashes.HashAlgorithm
) -> str | None:
    for ca in country.declaration.cas:
        # The hashes of an issuer are read from a request about something that it issued.
        issued, issuer = country.certificate(f"{ca.label}-ocsp"), country.certificate(ca.label)
        probe = ocsp.OCSPRequestBuilder().add_certificate(issued, issuer, algorithm).build()
        if (probe.issuer_name_hash, probe.issuer_key_hash) == (
            request.issuer_name_hash,
            request.issuer_key_hash,
        ):
            return ca.label
    return None


def _signer(country: Country, label: str, lies: OcspLies, at: dt.datetime) -> Issuer:
    ca = country.issuer(label)
    honest = country.issuer(f"{label}-ocsp")
    year = dt.timedelta(days=365)
    if lies.signer == "no-eku":
        return profiles.responder(ca, honest.key, begin=at - year, signing=False)
    if lies.signer == "expired":
        return profiles.responder(ca, honest.key, begin=at - 2 * year, life=year)
    if lies.signer == "other-ca":
        other = next(row.label for row in country.declaration.cas if row.label != label)
        return country.issuer(f"{other}-ocsp")
    if lies.signer == "unrelated":
        key = profiles.generate_like(ca.key)
        stranger = profiles.root(ca.certificate.subject, key, at - year, 10)
        return profiles.responder(stranger, honest.key, begin=at - year)
    return honest


def _with_nonce(
    builder: ocsp.OCSPResponseBuilder, request: ocsp.OCSPRequest, lies: OcspLies
) -> ocsp.OCSPResponseBuilder:
    try:
        nonce = request.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return builder
    if lies.nonce == "absent":
        return builder
    if lies.nonce == "other":
        nonce = bytes(byte ^ 0xFF for byte in nonce)
    return builder.add_extension(x509.OCSPNonce(nonce), critical=False)


def _unsuccessful(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
