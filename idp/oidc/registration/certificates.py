"""How a client's TLS certificate proves it and binds its tokens (RFC 8705 sections 2 and 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from idp.domain.certificate_use import CertificateSubject, CertificateUse, SubjectPart
from idp.domain.client import ClientAuth
from idp.oidc.certificates import subject_fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.client import Client
    from idp.oidc.registration.members import Members
    from idp.oidc.registration.policy import Policy
    from idp.oidc.registration.proving import Proving

_BOUND: Final = "tls_client_certificate_bound_access_tokens"
_LONGEST: Final = 500
MEMBERS: Final[Mapping[str, str]] = {
    SubjectPart.SUBJECT_DN: "For tls_client_auth: the subject of the certificate, as RFC 4514 "
    "writes it. One of these five says whose certificate it is.",
    SubjectPart.SAN_DNS: "A DNS name among its alternative names.",
    SubjectPart.SAN_URI: "A URI among its alternative names.",
    SubjectPart.SAN_IP: "An IP address among its alternative names.",
    SubjectPart.SAN_EMAIL: "An e-mail address among its alternative names.",
    _BOUND: "true: tokens are good with the client's TLS certificate alone (RFC 8705 section 3).",
}


def read_certificates(members: Members, policy: Policy, proving: Proving) -> CertificateUse:
    """Read and judge the members; every fault is noted."""
    bound = members.flag(_BOUND)
    if bound and not policy.certificates:
        members.fault(_BOUND, "no proxy hands over certificates here; leave it out")
    if bound and members.flag("dpop_bound_access_tokens"):
        members.fault(_BOUND, "a token is bound to one key; leave out dpop_bound_access_tokens")
    if proving.auth is ClientAuth.SELF_SIGNED_TLS and not proving.keyed:
        members.fault("jwks", "self_signed_tls_client_auth needs the certificate's public key here")
    return CertificateUse(subject=_subject(members, proving.auth), bound=bound)


def describe_certificates(client: Client) -> dict[str, Any]:
    """Give the members that ``read_certificates`` makes these of."""
    subject = client.certificates.subject
    described: dict[str, Any] = {} if subject is None else {subject.part.value: subject.value}
    return {**described, _BOUND: client.certificates.bound or None}


def _subject(members: Members, auth: ClientAuth) -> CertificateSubject | None:
    given = [part for part in SubjectPart if members.raw(part.value) is not None]
    if auth is not ClientAuth.TLS:
        for part in given:
            members.fault(part.value, "is for the method tls_client_auth; leave it out")
        return None
    if len(given) != 1:
        member = given[1].value if given else SubjectPart.SUBJECT_DN.value
        members.fault(member, f"write exactly one of {', '.join(SubjectPart)}")
        return None
    part = given[0]
    value = members.text(part.value, longest=_LONGEST)
    if value is None:
        return None
    said = subject_fault(part, value)
    if said:
        members.fault(part.value, said)
    return CertificateSubject(part=part, value=value)
