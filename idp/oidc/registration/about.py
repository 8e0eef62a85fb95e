"""What a client says of itself (RFC 7591 section 2): links for people, contacts, its software.

People see the links on our pages, so each is https and says its host. The picture is linked too; no
page of ours loads it from there, which would tell that place who signs in when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idp.domain.about import About
from idp.domain.assurance import ALIASES
from idp.oidc.registration.uris import Allowed, faults_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.client import Client
    from idp.oidc.registration.members import Members

_LINKS: Final = ("client_uri", "logo_uri", "policy_uri", "tos_uri")
MEMBERS: Final[Mapping[str, str]] = {
    "client_uri": "Its home page, by language as client_name is; https, as all of these.",
    "logo_uri": "Its picture: a PNG of 16 to 512 pixels a side and at most 100 kB. Fetched once, "
    "made anew and shown by us where people sign in, if the deployment lets it.",
    "policy_uri": "How it handles personal data; linked where people sign in.",
    "tos_uri": "Its terms of service; linked where people sign in.",
    "initiate_login_uri": "Where a login begins that somebody else asks for (OpenID Connect Core "
    "4); our pages send people there.",
    "application_type": "web or native; what an app may do follows from its redirect URIs.",
    "contacts": "Who looks after it: up to 10 addresses.",
    "software_id": "Which software it is, the same for each of its installations.",
    "software_version": "Which version of that.",
    "default_acr_values": "The levels that count as asked where a request asks for none.",
}
TAGGED: Final = tuple(f"{name}#" for name in _LINKS)
_LONGEST: Final = 1000
_MOST_CONTACTS: Final = 10


def read_about(members: Members, *, issuer: str) -> About:
    """Read and judge the members; every fault is noted."""
    home, logo, policy, terms = (_links(members, name, issuer) for name in _LINKS)
    login = members.text("initiate_login_uri", longest=_LONGEST)
    if login is not None:
        _judge(members, "initiate_login_uri", login, issuer)
    kind = members.text("application_type")
    if kind not in {None, "web", "native"}:
        members.fault("application_type", "write web or native")
    return About(
        home=home,
        logo=logo,
        policy=policy,
        terms=terms,
        login=login,
        kind=kind,
        contacts=members.texts("contacts", most=_MOST_CONTACTS, longest=200) or (),
        software=members.text("software_id"),
        software_version=members.text("software_version"),
        default_acr_values=_levels(members),
    )


def describe_about(client: Client) -> dict[str, object]:
    """Give the members that ``read_about`` makes this of."""
    about = client.about
    links = zip(_LINKS, (about.home, about.logo, about.policy, about.terms), strict=True)
    return {
        **{name: dict(by_language) or None for name, by_language in links},
        "initiate_login_uri": about.login,
        "application_type": about.kind,
        "contacts": list(about.contacts),
        "software_id": about.software,
        "software_version": about.software_version,
        "default_acr_values": list(about.default_acr_values),
    }


def _links(members: Members, name: str, issuer: str) -> dict[str, str]:
    links = members.by_language(name, longest=_LONGEST)
    for language, link in links.items():
        _judge(members, name if members.raw(name) == link else f"{name}.{language}", link, issuer)
    return links


def _judge(members: Members, name: str, link: str, issuer: str) -> None:
    if not link.startswith("https:"):
        members.fault(name, "write the whole address, beginning with https://")
        return
    # A home page is often written without the slash that every address has.
    whole = link if "/" in link.removeprefix("https://") else f"{link}/"
    for said in faults_of(whole, Allowed(app_schemes=False, issuer=issuer), answers=False):
        members.fault(name, said)


def _levels(members: Members) -> tuple[str, ...]:
    levels = members.words("default_acr_values") or ()
    unknown = [word for word in levels if word not in ALIASES]
    if unknown:
        members.fault("default_acr_values", f"the levels are {' '.join(ALIASES)}")
    return levels
