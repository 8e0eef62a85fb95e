"""What a client may ask, and in which form: grants, scopes, pushed and signed requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from idp.domain.client import ClientAuth, Pkce
from idp.domain.response_type import ResponseType
from idp.oidc.registration import response_types

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.client import Client, Purpose
    from idp.oidc.registration.members import Members
    from idp.oidc.registration.policy import Policy
    from idp.oidc.registration.proving import Proving

MEMBERS: Final[Mapping[str, str]] = {
    **response_types.MEMBERS,
    "grant_types": "authorization_code (default), refresh_token, "
    "urn:openid:params:grant-type:ciba, urn:ietf:params:oauth:grant-type:token-exchange, and "
    "implicit with the response types that need it.",
    "scope": "The scopes that may be asked. Default: openid.",
    "pkce": "required (default), or optional for confidential clients.",
    "require_pushed_authorization_requests": "true: only pushed requests (RFC 9126).",
    "require_signed_request_object": "true: only requests signed by a registered key (RFC 9101).",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """What a registration says of it; the fields are those of ``Client``."""

    grant_types: tuple[str, ...]
    response_types: tuple[ResponseType, ...]
    scopes: tuple[str, ...]
    pkce: Pkce
    require_pushed_requests: bool
    require_signed_requests: bool


def read_asking(
    members: Members, policy: Policy, *, proving: Proving, purposes: tuple[Purpose, ...]
) -> Asking:
    """Read and judge the members; every fault is noted."""
    grant_types = members.words("grant_types") or ("authorization_code",)
    scopes = members.words("scope") or ("openid",)
    _scope_faults(members, policy, scopes=scopes, grant_types=grant_types, purposes=purposes)
    return Asking(
        grant_types=grant_types,
        response_types=response_types.read_response_types(members, policy, grant_types=grant_types),
        scopes=scopes,
        pkce=_pkce(members, proving.auth),
        require_pushed_requests=members.flag("require_pushed_authorization_requests"),
        require_signed_requests=_signed_requests(members, keyed=proving.keyed),
    )


def describe_asking(client: Client) -> dict[str, Any]:
    """Give the members that ``read_asking`` makes these of."""
    return {
        "grant_types": list(client.grant_types),
        **response_types.describe_response_types(client),
        "scope": " ".join(client.scopes),
        "pkce": client.pkce.value,
        "require_pushed_authorization_requests": client.require_pushed_requests,
        "require_signed_request_object": client.require_signed_requests,
    }


def _scope_faults(
    members: Members,
    policy: Policy,
    *,
    scopes: tuple[str, ...],
    grant_types: tuple[str, ...],
    purposes: tuple[Purpose, ...],
) -> None:
    if "openid" not in scopes:
        members.fault("scope", "openid is always there; add it")
    unknown = [scope for scope in scopes if scope not in policy.scopes()]
    if unknown:
        members.fault(
            "scope",
            f"{' '.join(unknown)} cannot be asked here; the scopes are {' '.join(policy.scopes())}",
        )
    wrong = [grant for grant in grant_types if grant not in policy.grant_types()]
    if wrong:
        members.fault("grant_types", f"the grants are {' and '.join(policy.grant_types())}")
    if "offline_access" in scopes and "refresh_token" not in grant_types:
        members.fault("scope", "offline_access needs the grant type refresh_token")
    entitled = {claim for purpose in purposes for claim in purpose.claims}
    for scope in {"egovnrn", "be:rrn"} & set(scopes):
        if not any(policy.is_national_number(claim) for claim in entitled):
            members.fault("scope", f"{scope} needs a purpose that entitles the national number")


def _pkce(members: Members, auth: ClientAuth) -> Pkce:
    pkce = members.choice("pkce", Pkce.REQUIRED)
    if pkce is Pkce.OPTIONAL and auth is ClientAuth.NONE:
        members.fault("pkce", "a public client has nothing else to prove itself by; required")
    return pkce


def _signed_requests(members: Members, *, keyed: bool) -> bool:
    required = members.flag("require_signed_request_object")
    if required and not keyed and not members.faults.of("jwks"):
        members.fault(
            "require_signed_request_object", "needs the client's public keys in jwks or jwks_uri"
        )
    return required
