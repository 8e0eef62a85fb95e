"""What a client has to do with other services: its own resources, those it may use, and onward.

An operator alone decides this: whoever names a resource as its own is told what its tokens say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from idp.domain.acting import TOKEN_EXCHANGE, Acting
from idp.domain.client import ClientAuth
from idp.oidc.registration.backchannel import CIBA
from idp.oidc.registration.uris import Allowed, faults_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.client import Client
    from idp.oidc.registration.members import Members

_RESOURCES: Final = "resources"
_TARGETS: Final = "resource_targets"
_SCOPES: Final = "token_exchange_scope"
_GRANTS: Final = "grant_management"
_MOST: Final = 20
_LONGEST: Final = 500
MEMBERS: Final[Mapping[str, str]] = {
    _RESOURCES: "The https identifiers of resources that this service answers at (RFC 8707): it "
    "may introspect and exchange tokens that are for them. Give each to one service only.",
    _TARGETS: "The identifiers of others' resources that its tokens may be for, by the parameter "
    "resource or by token exchange.",
    _SCOPES: "What a token that it gets by exchange may hold at most (RFC 8693).",
    _GRANTS: "true: token answers hold grant_id, and the scopes grant_management_query and "
    "grant_management_revoke may be registered.",
}
OPERATORS: Final = (_RESOURCES, _TARGETS, _SCOPES)
"""Members that a registration by the client itself may not have."""


def read_acting(
    members: Members,
    *,
    auth: ClientAuth,
    grant_types: tuple[str, ...],
    scopes: tuple[str, ...],
    redirect_uris: tuple[str, ...],
    issuer: str,
) -> Acting:
    """Read and judge the members; every fault is noted."""
    if CIBA in grant_types and not redirect_uris and not members.faults.of("redirect_uris"):
        members.fault("redirect_uris", "at least one: a phone shows its host to who is asked")
    acting = Acting(
        resources=_identifiers(members, _RESOURCES, issuer),
        targets=_identifiers(members, _TARGETS, issuer),
        scopes=members.words(_SCOPES) or (),
    )
    exchanges = TOKEN_EXCHANGE in grant_types
    if auth is ClientAuth.NONE and (exchanges or acting.resources):
        member = _RESOURCES if acting.resources else "grant_types"
        members.fault(member, "a public client proves nothing, so it may not act for others")
    if exchanges and not acting.targets:
        members.fault(_TARGETS, "name the resources that tokens may be exchanged for")
    if exchanges and not acting.scopes:
        members.fault(_SCOPES, "name the scopes that an exchanged token may hold")
    if acting.scopes and not exchanges:
        members.fault(_SCOPES, f"needs the grant type {TOKEN_EXCHANGE}")
    beyond = [scope for scope in acting.scopes if scope not in scopes]
    if beyond:
        members.fault(_SCOPES, f"{' '.join(beyond)} is not in scope; add it there or leave it out")
    return acting


def read_grant_management(members: Members, *, auth: ClientAuth, scopes: tuple[str, ...]) -> bool:
    """Read whether the client manages its grants."""
    manages = members.flag(_GRANTS)
    if manages and auth is ClientAuth.NONE:
        members.fault(_GRANTS, "a public client proves nothing, so it may not manage grants")
    asked = [scope for scope in scopes if scope.startswith(f"{_GRANTS}_")]
    if asked and not manages:
        members.fault("scope", f"{' '.join(asked)} needs {_GRANTS} = true")
    return manages


def describe_acting(client: Client) -> dict[str, Any]:
    """Give the members that these are made of."""
    acting = client.acting
    return {
        _RESOURCES: list(acting.resources),
        _TARGETS: list(acting.targets),
        _SCOPES: " ".join(acting.scopes) or None,
        _GRANTS: client.manages_grants or None,
    }


def _identifiers(members: Members, name: str, issuer: str) -> tuple[str, ...]:
    """Give identifiers of resources; never anything below the issuer, whose tokens are its own."""
    found = members.texts(name, most=_MOST, longest=_LONGEST) or ()
    allowed = Allowed(app_schemes=False, issuer=issuer)
    for place, uri in enumerate(found):
        for said in faults_of(uri, allowed, answers=False):
            members.fault(f"{name}[{place}]", said)
    return found
