"""What a client may have answered by the authorization endpoint, and what must be so for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from idp.domain.client import binds_tokens
from idp.domain.response_type import ResponseType, read_response_type
from idp.oidc.registration.policy import IMPLICIT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.client import Client
    from idp.oidc.registration.members import Members
    from idp.oidc.registration.policy import Policy

_MEMBER: Final = "response_types"
MEMBERS: Final[Mapping[str, str]] = {
    _MEMBER: "code (default). Where login.response_types offers them also id_token and code "
    "id_token, and outside production id_token token, code token and code id_token token: with the "
    "grant type implicit, and redirect URIs that are web addresses.",
}
_USUAL: Final = (ResponseType.CODE,)


def read_response_types(
    members: Members, policy: Policy, *, grant_types: tuple[str, ...]
) -> tuple[ResponseType, ...]:
    """Read the types, and hold the grant types to them (Dynamic Registration 2).

    The order of the words in a type means nothing.
    """
    given = members.texts(_MEMBER, most=10, longest=100)
    kinds: dict[ResponseType, None] = {}
    for text in given or ():
        kind = read_response_type(text)
        if kind in policy.response_types:
            kinds[kind] = None
        elif not members.faults.of(_MEMBER):
            offered = " or ".join(policy.response_types)
            members.fault(_MEMBER, f"this is not offered here; write {offered}")
    types = tuple(kinds) or _USUAL
    needed = {name for kind in types for name in kind.grant_types}
    if "authorization_code" in needed - set(grant_types):
        members.fault("grant_types", "authorization_code is how every login begins; add it")
    elif IMPLICIT in needed - set(grant_types):
        members.fault("grant_types", f"{IMPLICIT} goes with what these response types give; add it")
    elif IMPLICIT in grant_types and IMPLICIT not in needed and IMPLICIT in policy.grant_types():
        members.fault("grant_types", f"{IMPLICIT} is nothing without a response type of its kind")
    return types


def hold_response_types(members: Members, client: Client) -> None:
    """Note what else of a registration does not go with its response types."""
    if any(kind.issues_token for kind in client.response_types) and binds_tokens(client):
        members.fault(_MEMBER, "a token from the authorization endpoint is bound to no key")
    apps = [uri for uri in client.redirect_uris if not uri.startswith(("https:", "http:"))]
    if apps and any(kind.in_front for kind in client.response_types):
        members.fault(_MEMBER, "only a code goes to an app's own scheme; write code")


def describe_response_types(client: Client) -> dict[str, Any]:
    """Give the member that ``read_response_types`` makes these of; nothing for the default."""
    if client.response_types == _USUAL:
        return {}
    return {_MEMBER: [kind.value for kind in client.response_types]}
