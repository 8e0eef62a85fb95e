"""By which name a client knows a person (OpenID Connect Core 8): of its sector, or of everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from idp.domain.client import SubjectType
from idp.domain.person import Sector
from idp.oidc.registration.uris import host_of, is_host

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.client import Client
    from idp.domain.remote import Remote
    from idp.oidc.registration.members import Members
    from idp.oidc.registration.policy import Policy

MEMBERS: Final[Mapping[str, str]] = {
    "sector": "Host name; clients of one sector know a person by the same subject. "
    "Default: the host of the redirect URIs.",
    "subject_type": "pairwise (default), or public with an operator's approval.",
}


def describe_subjects(client: Client) -> dict[str, Any]:
    """Give the members that ``read_sector`` and ``read_subject_type`` make these of."""
    return {"sector": client.sector, "subject_type": client.subject_type.value}


def read_sector(members: Members, redirect_uris: tuple[str, ...], remote: Remote) -> Sector:
    """Read the sector; without one it is the host of ``sector_identifier_uri`` or redirect URIs."""
    sector = members.text("sector", longest=253)
    if remote.sector is not None:
        host = host_of(remote.sector)
        if sector not in {None, host}:
            members.fault("sector", f"leave it out: sector_identifier_uri makes it {host}")
        return Sector(str(host))
    if members.faults.of("sector_identifier_uri"):
        return Sector("")
    if sector is not None:
        if not is_host(sector):
            members.fault("sector", "write a host name in lower case, such as service.example")
        return Sector(sector)
    if members.faults.of("redirect_uris"):
        return Sector("")
    hosts = {host_of(uri) for uri in redirect_uris}
    if len(hosts) == 1 and None not in hosts:
        return Sector(str(hosts.pop()))
    if redirect_uris or members.raw("resources") is not None:
        members.fault(
            "sector",
            "the redirect URIs have several hosts or none; write the host name of the sector "
            "(OpenID Connect Core 8.1)",
        )
    return Sector("")


def read_subject_type(members: Members, policy: Policy, former: Client | None) -> SubjectType:
    """Read the kind of subject; the public one needs an approval, given now or before."""
    kind = members.choice("subject_type", SubjectType.PAIRWISE)
    was_public = former is not None and former.subject_type is SubjectType.PUBLIC
    if kind is SubjectType.PUBLIC and not policy.public_subject and not was_public:
        members.fault(
            "subject_type",
            "public lets e-services compare their citizens; write pairwise, or approve it with "
            "--approve-public-subject",
        )
    return kind
