"""One OCSP answer, believed only when the issuing CA stands behind all of it (RFC 6960)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.oid import SignatureAlgorithmOID as Oid

from cardreader.errors import (
    CertificateRevoked,
    CertificateUnknown,
    RevocationUnavailable,
    TokenRefused,
)
from cardreader.trust.case import Evidence

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from cardreader.trust.anchors import TrustedCa

_STRONG: Final = frozenset(
    {
        Oid.RSA_WITH_SHA256,
        Oid.RSA_WITH_SHA384,
        Oid.RSA_WITH_SHA512,
        Oid.ECDSA_WITH_SHA256,
        Oid.ECDSA_WITH_SHA384,
        Oid.ECDSA_WITH_SHA512,
    }
)
_RESPONDERS_KEPT: Final = 64
_MOST_CERTIFICATES: Final = 4


class ResponderBusy(Exception):
    """The responder says that it cannot answer now: the list may be asked instead."""


def make_request(certificate: x509.Certificate, issuer: x509.Certificate, nonce: bytes) -> bytes:
    """A request about one certificate, DER; an empty nonce is left out.

    The CertID uses SHA-1, the one digest every responder knows: it identifies, it proves nothing.
    """
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        certificate,
        issuer,
        hashes.SHA1(),  # noqa: S303 - an identifier
    )
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


class OcspJudge:
    """Judges answers; remembers which responder certificates a CA's key has proven."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._proven: OrderedDict[tuple[bytes, bytes], None] = OrderedDict()

    def judge(self, der: bytes, *, request: bytes, ca: TrustedCa, now: dt.datetime) -> Evidence:
        """Believe an answer, or raise.

        Args:
            der: the answer as received.
            request: what we sent: the answer must be about this very certificate and nonce.
            ca: the issuer; its key, or a responder that it delegated, must have signed.
            now: the moment of the login.

        Raises:
            ResponderBusy: tryLater or internalError.
            CertificateRevoked: revoked or on hold.
            CertificateUnknown: the responder does not know the certificate.
            RevocationUnavailable: the answer proves nothing.
        """
        try:
            answer = ocsp.load_der_ocsp_response(der)
            _require_success(answer)
            self._require_signature(answer, ca, now)
            single = _only(answer)
            asked = ocsp.load_der_ocsp_request(request)
            _require_same_certificate(single, asked)
            if ca.nonce:
                _require_same_nonce(answer, asked)
            evidence = _timely(single, ca, now)
            status = single.certificate_status
        except (TokenRefused, ResponderBusy):
            raise
        except Exception:  # noqa: BLE001 - whatever a hostile encoding raises, it proves nothing
            raise RevocationUnavailable("the answer cannot be read") from None
        if status is ocsp.OCSPCertStatus.REVOKED:
            raise CertificateRevoked
        if status is not ocsp.OCSPCertStatus.GOOD:
            raise CertificateUnknown
        return evidence

    def _require_signature(
        self, answer: ocsp.OCSPResponse, ca: TrustedCa, now: dt.datetime
    ) -> None:
        if answer.signature_algorithm_oid not in _STRONG:
            raise RevocationUnavailable("the answer's algorithm")
        signer = _signer(answer, [*answer.certificates[:_MOST_CERTIFICATES], ca.certificate])
        if signer != ca.certificate:
            self._require_delegate(signer, ca, now)
        digest = answer.signature_hash_algorithm
        key = signer.public_key()
        try:
            if isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
                key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(digest))
            elif isinstance(key, rsa.RSAPublicKey) and digest is not None:
                scheme = padding.PKCS1v15()
                key.verify(answer.signature, answer.tbs_response_bytes, scheme, digest)
            else:
                raise RevocationUnavailable("the responder's key")
        except InvalidSignature:
            raise RevocationUnavailable("the answer's signature") from None

    def _require_delegate(self, signer: x509.Certificate, ca: TrustedCa, now: dt.datetime) -> None:
        """The signer is a delegate of this very CA (RFC 6960 section 4.2.2.2), in force now."""
        if not signer.not_valid_before_utc <= now <= signer.not_valid_after_utc:
            raise RevocationUnavailable("the responder is not in force")
        known = (ca.fingerprint, signer.fingerprint(hashes.SHA256()))
        with self._lock:
            if known in self._proven:
                self._proven.move_to_end(known)
                return
        try:
            signer.verify_directly_issued_by(ca.certificate)
            use = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound):
            raise RevocationUnavailable("the responder is not the CA's delegate") from None
        if ExtendedKeyUsageOID.OCSP_SIGNING not in use:
            raise RevocationUnavailable("the responder may not sign answers")
        with self._lock:
            self._proven[known] = None
            if len(self._proven) > _RESPONDERS_KEPT:
                self._proven.popitem(last=False)


def _require_success(answer: ocsp.OCSPResponse) -> None:
    status = answer.response_status
    if status in (ocsp.OCSPResponseStatus.TRY_LATER, ocsp.OCSPResponseStatus.INTERNAL_ERROR):
        raise ResponderBusy
    if status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise RevocationUnavailable("the responder refused")


def _signer(
    answer: ocsp.OCSPResponse, certificates: Sequence[x509.Certificate]
) -> x509.Certificate:
    for certificate in certificates:
        if answer.responder_name is not None:
            if certificate.subject == answer.responder_name:
                return certificate
        else:
            key = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())
            if key.digest == answer.responder_key_hash:
                return certificate
    raise RevocationUnavailable("no certificate of the responder")


def _only(answer: ocsp.OCSPResponse) -> ocsp.OCSPSingleResponse:
    rows = list(answer.responses)
    if len(rows) != 1:
        raise RevocationUnavailable("not one answer")
    return rows[0]


def _require_same_certificate(single: ocsp.OCSPSingleResponse, asked: ocsp.OCSPRequest) -> None:
    given = (single.serial_number, single.issuer_key_hash, single.issuer_name_hash)
    wanted = (asked.serial_number, asked.issuer_key_hash, asked.issuer_name_hash)
    if given != wanted or single.hash_algorithm.name != asked.hash_algorithm.name:
        raise RevocationUnavailable("the answer is about another certificate")


def _require_same_nonce(answer: ocsp.OCSPResponse, asked: ocsp.OCSPRequest) -> None:
    sent = asked.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    try:
        echoed = answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        raise RevocationUnavailable("the answer has no nonce") from None
    if echoed != sent:
        raise RevocationUnavailable("the answer's nonce is another")


def _timely(single: ocsp.OCSPSingleResponse, ca: TrustedCa, now: dt.datetime) -> Evidence:
    begin, end = single.this_update_utc, single.next_update_utc
    if begin > now + ca.skew:
        raise RevocationUnavailable("the answer is from the future")
    if begin < now - ca.max_age - ca.skew:
        raise RevocationUnavailable("the answer is too old")
    if end is not None and (end < begin or end < now - ca.skew):
        raise RevocationUnavailable("the answer has run out")
    return Evidence(method="ocsp", this_update=begin, next_update=end, asked_at=now)
