"""Under which profile a client is registered, and whether its registration keeps the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from idp.domain.profile import Profile
from idp.oidc.profiles.keeping import broken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.client import Client
    from idp.oidc.registration.members import Members

MEMBERS: Final[Mapping[str, str]] = {
    "profile": "default, fapi2 or fas: the rules that this client is held to, with every message "
    "that it sends ([Profiles](profiles.md)). Default: default.",
}


def read_profile(members: Members) -> Profile:
    """Read the member."""
    return members.choice("profile", Profile.DEFAULT)


def describe_profile(client: Client) -> dict[str, Any]:
    """Give the member that ``read_profile`` makes this of."""
    default = client.profile is Profile.DEFAULT
    return {"profile": None if default else client.profile.value}


def hold_to_profile(members: Members, client: Client) -> None:
    """Note a fault for each rule that is broken: its name, and what to write instead."""
    for rule, member in broken(client):
        named = f"profile {client.profile} rule {rule.name}"
        members.faults.add(member, f"{named}: {rule.instead}", rule=named)
