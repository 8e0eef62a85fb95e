"""Where a client hears of a logout: by a signed token, or in a frame of the citizen's browser.

OpenID Connect Back-Channel Logout 1.0 section 2.2 and Front-Channel Logout 1.0 section 2. The first
is an address that we call, so it is judged as a way into our own network. A frame shows an origin
of the client's own and no other: one of its redirect URIs has it too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from idp.domain.logout import LogoutChannels
from idp.oidc.registration.remote import address_fault
from idp.oidc.registration.uris import LONGEST, Allowed, faults_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.client import Client
    from idp.oidc.registration.members import Members
    from idp.oidc.registration.policy import Policy

_BACK: Final = "backchannel_logout_uri"
_BACK_SESSION: Final = "backchannel_logout_session_required"
_FRONT: Final = "frontchannel_logout_uri"
_FRONT_SESSION: Final = "frontchannel_logout_session_required"
MEMBERS: Final[Mapping[str, str]] = {
    _BACK: "https address that gets a signed logout token by POST.",
    _BACK_SESSION: "true: the token must have sid. It always has.",
    _FRONT: "https address of an origin of the redirect URIs, opened in a frame of the page that "
    "says the citizen is signed out.",
    _FRONT_SESSION: "true: iss and sid must be added to that address. They always are.",
}


def read_logouts(
    members: Members, policy: Policy, *, redirect_uris: tuple[str, ...]
) -> LogoutChannels:
    """Read and judge the members; every fault is noted."""
    back, front = (_address(members, name, issuer=policy.issuer) for name in (_BACK, _FRONT))
    if back is not None and not members.faults.of(_BACK):
        said_of_back = _back_fault(back, policy)
        if said_of_back is not None:
            members.fault(_BACK, said_of_back)
    if front is not None:
        for said in _front_faults(front, redirect_uris):
            members.fault(_FRONT, said)
    for name, address, needs in ((_BACK, back, _BACK_SESSION), (_FRONT, front, _FRONT_SESSION)):
        if address is None and members.raw(needs) is not None and not members.faults.of(name):
            members.fault(needs, f"says nothing without {name}; leave it out")
    return LogoutChannels(
        back=back,
        back_session_required=members.flag(_BACK_SESSION),
        front=front,
        front_session_required=members.flag(_FRONT_SESSION),
    )


def describe_logouts(client: Client) -> dict[str, object]:
    """Give the members that ``read_logouts`` makes these of."""
    told: dict[str, object] = {}
    if client.logout.back is not None:
        told |= {_BACK: client.logout.back, _BACK_SESSION: client.logout.back_session_required}
    if client.logout.front is not None:
        told |= {_FRONT: client.logout.front, _FRONT_SESSION: client.logout.front_session_required}
    return told


def _address(members: Members, name: str, *, issuer: str) -> str | None:
    value = members.text(name, longest=LONGEST)
    if value is not None:
        for said in faults_of(value, Allowed(app_schemes=False, issuer=issuer), answers=False):
            members.fault(name, said)
    return value


def _back_fault(back: str, policy: Policy) -> str | None:
    parts = urlsplit(back)
    if parts.scheme == "http" and parts.netloc in policy.reachable:
        return None  # on loopback, and an operator said so
    return address_fault(back, policy)


def _front_faults(front: str, redirect_uris: tuple[str, ...]) -> list[str]:
    said = []
    if urlsplit(front).scheme != "https":
        said.append("write https; a page of ours shows no other frame")
    if redirect_uris and _origin(front) not in map(_origin, redirect_uris):
        said.append("scheme, host and port must be those of one of the redirect URIs")
    if {"iss", "sid"} & {key for key, _ in parse_qsl(urlsplit(front).query)}:
        said.append("the query holds iss or sid, which the provider adds itself; leave it out")
    return said


def _origin(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri)
    return parts.scheme, parts.netloc
