"""The path from the holder's certificate to a pinned root (RFC 5280 section 6).

Links from CA to root were proven when the trust folder was loaded; what remains at a login is one
signature, four validity windows and the root's own policies.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from cardreader.errors import CertificateRefused, CertificateUntrusted

if TYPE_CHECKING:
    import datetime as dt

    from cardreader.trust.anchors import TrustedCa, TrustedRoot
    from cardreader.trust.case import Case

# Belgian certificates have no subjectAltName: the web's extension policy does not fit. What an
# extension must say is checked by the pipeline and, for CAs, when the folder is loaded.
_CA_POLICY: Final = ExtensionPolicy.permit_all().require_present(
    x509.BasicConstraints, Criticality.AGNOSTIC, None
)
_HOLDER_POLICY: Final = ExtensionPolicy.permit_all()


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
    builder = PolicyBuilder().store(Store([ca.certificate])).time(case.now).max_chain_depth(1)
    verifier = builder.extension_policies(
        ca_policy=_CA_POLICY, ee_policy=_HOLDER_POLICY
    ).build_client_verifier()
    try:
        verifier.verify(case.certificate, [])
    except (VerificationError, ValueError):  # ValueError: an encoding it cannot take
        return False
    return _in_force(ca.certificate, case.now)


def _root_in_force(ca: TrustedCa, now: dt.datetime) -> TrustedRoot:
    for root in ca.roots:
        if _in_force(root.certificate, now):
            return root
    raise CertificateUntrusted("the root is not in force")


def _in_force(certificate: x509.Certificate, now: dt.datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
