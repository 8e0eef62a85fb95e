"""The path from the holder's certificate to a pinned root (RFC 5280 section 6).

Links from CA to root were proven when the trust folder was loaded; what remains at a login is one
signature, four validity windows and the root's own policies.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509.oid import SignatureAlgorithmOID as Oid

from cardreader.errors import CertificateRefused, CertificateUntrusted
from cardreader.trust.der import element, signed_part

if TYPE_CHECKING:
    import datetime as dt

    from cryptography import x509

    from cardreader.trust.anchors import TrustedCa, TrustedRoot
    from cardreader.trust.case import Case

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
_SMALLEST_RSA: Final = 2048


def leading_to_a_trusted_root(case: Case) -> Case:
    """A configured CA's key signed the certificate; CA and root are in force; the policy fits.

    Several CAs may bear the issuer's name, and several pinned certificates one root's key: the
    key decides which of them counts, and one good path is enough.
    """
    for ca in case.anchors.issuers_named(case.certificate.issuer):
        if not _signed_by(case, ca):
            continue
        root = _root_in_force(ca, case.now)
        kinds = {root.policies[oid] for oid in case.policies if oid in root.policies}
        if len(kinds) != 1:
            raise CertificateRefused("the policy is not one of its own root")
        return replace(case, found_issuer=ca, found_kind=kinds.pop())
    raise CertificateUntrusted("no path")


def _signed_by(case: Case, ca: TrustedCa) -> bool:
    """Whether this candidate's path holds; the caller refuses when no candidate's does."""
    certificate = case.certificate
    if certificate.signature_algorithm_oid not in _STRONG or not _in_force(
        ca.certificate, case.now
    ):
        return False
    try:
        _require_one_algorithm(case.token.certificate)
        digest = certificate.signature_hash_algorithm
        content = certificate.tbs_certificate_bytes
        if digest is None:
            return False
        if isinstance(ca.key, ec.EllipticCurvePublicKey):
            ca.key.verify(certificate.signature, content, ec.ECDSA(digest))
        else:
            if ca.key.key_size < _SMALLEST_RSA:
                return False
            ca.key.verify(certificate.signature, content, padding.PKCS1v15(), digest)
    except (InvalidSignature, ValueError, TypeError, IndexError):
        return False
    return True


def _require_one_algorithm(der: bytes) -> None:
    """The algorithm beside the signed part is the one in it (RFC 5280 section 4.1.1.2)."""
    signed, algorithm = signed_part(der)
    _, at, end = element(der, *signed)
    _, _, at = element(der, at, end)  # past the version
    _, _, at = element(der, at, end)  # past the serial number
    _, _, after = element(der, at, end)
    if der[at:after] != algorithm:
        raise ValueError("two algorithms")


def _root_in_force(ca: TrustedCa, now: dt.datetime) -> TrustedRoot:
    for root in ca.roots:
        if _in_force(root.certificate, now):
            return root
    raise CertificateUntrusted("the root is not in force")


def _in_force(certificate: x509.Certificate, now: dt.datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
