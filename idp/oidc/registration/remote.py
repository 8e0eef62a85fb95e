"""What a client keeps at addresses of its own: its keys, and which redirect URIs belong together.

We call these addresses, so they are judged as what they are: ways into our own network. Here the
text alone is judged; the guarded client judges what the name leads to, each time it is called.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from idp.domain.remote import Remote
from idp.outbound.guard import TargetRefused, is_special, parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from idp.domain.client import Client
    from idp.oidc.registration.members import Members
    from idp.oidc.registration.policy import Policy

MEMBERS: Final[Mapping[str, str]] = {
    "jwks_uri": "https address of the client's public keys, in place of jwks. Fetched when one is "
    "needed, kept ten minutes, and fetched again at most once a minute for a key not seen before.",
    "sector_identifier_uri": "https address of a JSON list that holds every redirect URI (OpenID "
    "Connect Core 8.1); its host is then the sector. Read when the client is registered.",
}
_LONGEST: Final = 1000
_PORTS: Final = frozenset({443, 8443})
_INNER: Final = frozenset({"localhost", "local", "internal", "localdomain", "home", "lan"})


def read_remote(members: Members, policy: Policy) -> Remote:
    """Read and judge the members; every fault is noted."""
    if members.raw("jwks") is not None and members.raw("jwks_uri") is not None:
        members.fault("jwks_uri", "write jwks or jwks_uri, not both (RFC 7591 section 2)")
    return Remote(
        jwks=_fetched(members, "jwks_uri", policy),
        sector=_fetched(members, "sector_identifier_uri", policy),
    )


def check_listed(
    members: Members,
    redirect_uris: Sequence[str],
    *,
    listed: Sequence[str] | None,
    former: Client | None,
) -> None:
    """Demand that the list at ``sector_identifier_uri`` names every redirect URI.

    ``listed`` is what was read there just now, ``None`` for nothing. What was proven for the
    ``former`` registration need not be proven again.
    """
    name = "sector_identifier_uri"
    uri = members.raw(name)
    if uri is None or members.faults.of(name):
        return
    if former is not None and former.remote.sector == uri:
        redirect_uris = [one for one in redirect_uris if one not in former.redirect_uris]
        if not redirect_uris:
            return
    if listed is None:
        members.fault(name, "no JSON list of redirect URIs could be read there")
    elif not set(redirect_uris) <= set(listed):
        members.fault(name, "the list that is there does not name every redirect URI")


def describe_remote(client: Client) -> dict[str, object]:
    """Give the members that ``read_remote`` makes this of."""
    return {"jwks_uri": client.remote.jwks, "sector_identifier_uri": client.remote.sector}


def address_fault(url: str, policy: Policy) -> str | None:
    """Give what is wrong with an address that we would call; ``None`` for nothing."""
    try:
        target = parse(url)
    except TargetRefused:
        return "write https://host/path in plain ASCII, without user, fragment or odd characters"
    if target.scheme != "https":
        return "write https"
    if f"{target.host}:{target.port}" in policy.reachable:
        return None
    if target.port not in _PORTS:
        return f"the port is {' or '.join(map(str, sorted(_PORTS)))}"
    if _leads_inside(target.host):
        return "this address is not on the internet"
    return None


def _fetched(members: Members, name: str, policy: Policy) -> str | None:
    url = members.text(name, longest=_LONGEST)
    if url is None:
        return None
    said = address_fault(url, policy)
    if said is not None:
        members.fault(name, said)
        return None
    return url


def _leads_inside(host: str) -> bool:
    try:
        return is_special(ip_address(host))
    except ValueError:
        labels = host.split(".")
        return len(labels) == 1 or labels[-1] in _INNER or labels[-1].isdigit()
