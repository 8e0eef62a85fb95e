"""How a client sends request objects: their algorithm, and the addresses they are fetched by.

RFC 7591 has neither; they are of OpenID Connect Dynamic Client Registration 1.0 section 2. We call
the addresses, so they are judged as ways into our own network.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from idp.domain.object_use import UNSIGNED, ObjectUse
from idp.oidc.registration.remote import address_fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.client import Client
    from idp.oidc.registration.members import Members
    from idp.oidc.registration.policy import Policy

ALGORITHM: Final = "request_object_signing_alg"
URIS: Final = "request_uris"
MEMBERS: Final[Mapping[str, str]] = {
    ALGORITHM: "The only algorithm of the client's request objects. RS256, and none for unsigned "
    "ones, only where the deployment takes them. Default: any on offer that signs.",
    URIS: "https addresses of request objects, where the deployment fetches them; request_uri "
    "must be exactly one of them. A fragment is the SHA-256 of what is there, base64url.",
}
_MOST: Final = 20
_LONGEST: Final = 512
_SHA256: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def read_objects(members: Members, policy: Policy, *, keyed: bool) -> ObjectUse:
    """Read and judge the members; every fault is noted. ``keyed`` tells of registered keys."""
    return ObjectUse(
        algorithm=_algorithm(members, policy, keyed=keyed), uris=_addresses(members, policy)
    )


def describe_objects(client: Client) -> dict[str, object]:
    """Give the members that ``read_objects`` makes this of."""
    return {ALGORITHM: client.objects.algorithm, URIS: list(client.objects.uris)}


def _algorithm(members: Members, policy: Policy, *, keyed: bool) -> str | None:
    algorithm = members.text(ALGORITHM)
    if algorithm is None:
        return None
    if algorithm not in policy.objects.algorithms:
        members.fault(ALGORITHM, f"write {' or '.join(policy.objects.algorithms)}")
    elif algorithm == UNSIGNED and members.raw("require_signed_request_object") is True:
        members.fault(ALGORITHM, "none signs nothing, and require_signed_request_object asks it")
    elif algorithm != UNSIGNED and not keyed and not members.faults.of("jwks"):
        members.fault(ALGORITHM, "needs the client's public keys in jwks or jwks_uri")
    return algorithm


def _addresses(members: Members, policy: Policy) -> tuple[str, ...]:
    uris = members.texts(URIS, most=_MOST, longest=_LONGEST) or ()
    if uris and not policy.objects.by_reference:
        members.fault(URIS, "request objects by reference are not taken here; push requests")
        return ()
    for place, uri in enumerate(uris):
        address, marked, digest = uri.partition("#")
        said = address_fault(address, policy)
        if said is None and marked and _SHA256.fullmatch(digest) is None:
            said = "the fragment is the SHA-256 of what is there, base64url, or nothing"
        if said is not None:
            members.fault(f"{URIS}[{place}]", said)
    return uris
