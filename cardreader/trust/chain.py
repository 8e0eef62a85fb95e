"""The path from the holder's certificate to a pinned root (RFC 5280 section 6).

Links from CA to root were proven when the trust folder was loaded; what remains at a login is one
signature, four validity windows and the root's own policies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
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
RULES: Final = (
    PolicyBuilder()
    .max_chain_depth(1)
    .extension_policies(ca_policy=_CA_POLICY, ee_policy=ExtensionPolicy.permit_all())
)
"""How the library walks a path; the store of CAs and the moment are each login's."""


def leading_to_a_trusted_root(case: Case) -> None:
    """A configured CA's key signed the certificate; CA and root are in force; the policy fits.

    Several CAs may bear the issuer's name, and several pinned certificates one root's key: the
    key decides which of them counts, and one good path is enough.
    """
    ca = _issuer(case)
    if not _in_force(ca.certificate, case.now):
        raise CertificateUntrusted("the CA is not in force")
    root = _root_in_force(ca, case.now)
    kinds = {root.policies[oid] for oid in case.policies if oid in root.policies}
    if len(kinds) != 1:
        raise CertificateRefused("the policy is not one of its own root")
    case.found_issuer, case.found_kind = ca, kinds.pop()


def _issuer(case: Case) -> TrustedCa:
    """The CA, in force, whose name the certificate bears and whose key signed it."""
    verifier = RULES.store(case.anchors.store).time(case.now).build_client_verifier()
    try:
        path = verifier.verify(case.certificate, []).chain
    except (VerificationError, ValueError):  # ValueError: an encoding it cannot take
        raise CertificateUntrusted("no path") from None
    return case.anchors.ca(path[-1])


def _root_in_force(ca: TrustedCa, now: dt.datetime) -> TrustedRoot:
    for root in ca.roots:
        if _in_force(root.certificate, now):
            return root
    raise CertificateUntrusted("the root is not in force")


def _in_force(certificate: x509.Certificate, now: dt.datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
