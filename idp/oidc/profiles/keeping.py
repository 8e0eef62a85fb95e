"""Clients are held to their profiles: the one place that refuses by a rule.

Rules are held after what proves the sender and before what is demanded of everybody, so that who
breaks a rule is told its name. A registration is held to its rules again at each request: one that
was written before a rule, or past the rules, gets nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idp.domain.profile import Profile
from idp.errors import RULE_REFUSALS, Place, Refused
from idp.oidc.profiles import fapi2, fas
from idp.oidc.profiles.rule import RuleSet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from idp.domain.client import Client
    from idp.oidc.profiles.rule import (
        AskFacts,
        RequestFacts,
        ResourceFacts,
        Rule,
        SignedFacts,
        TokenFacts,
    )

PROFILES: Final[Mapping[Profile, RuleSet]] = {
    Profile.DEFAULT: RuleSet(says="What every client is held to; nothing more."),
    Profile.FAPI2: fapi2.RULES,
    Profile.FAS: fas.RULES,
}


def broken(client: Client) -> Iterator[tuple[Rule, str]]:
    """Give each rule that a registration breaks, with the member that breaks it."""
    for rule in PROFILES[client.profile].rules:
        member = None if rule.registration is None else rule.registration(client)
        if member is not None:
            yield rule, member


def hold_registration(client: Client) -> None:
    """Demand what the profile wants registered. Raises: Refused."""
    for rule, member in broken(client):
        raise _refused(client, rule, Place.REGISTRATION, f"registered otherwise: {member}")


def hold_proof(client: Client, facts: SignedFacts) -> None:
    """Judge a client assertion, its signature verified. Raises: Refused."""
    for rule in PROFILES[client.profile].rules:
        if rule.proof is not None and not rule.proof(facts):
            raise _refused(client, rule, Place.PROOF)


def hold_request(client: Client, facts: RequestFacts) -> None:
    """Judge an authorization request. Raises: Refused."""
    for rule in PROFILES[client.profile].rules:
        if rule.request is not None and not rule.request(facts):
            raise _refused(client, rule, Place.REQUEST)


def hold_object(client: Client, facts: SignedFacts) -> None:
    """Judge a request object, its signature verified. Raises: Refused."""
    for rule in PROFILES[client.profile].rules:
        if rule.object is not None and not rule.object(facts):
            raise _refused(client, rule, Place.OBJECT)


def hold_ask(client: Client, facts: AskFacts) -> None:
    """Judge a back-channel request. Raises: Refused."""
    for rule in PROFILES[client.profile].rules:
        if rule.ask is not None and not rule.ask(facts):
            raise _refused(client, rule, Place.ASK)


def hold_token(client: Client, facts: TokenFacts) -> None:
    """Judge a token request. Raises: Refused."""
    for rule in PROFILES[client.profile].rules:
        if rule.token is not None and not rule.token(facts):
            raise _refused(client, rule, Place.TOKEN)


def hold_resource(client: Client, facts: ResourceFacts) -> None:
    """Judge a request with an access token. Raises: Refused."""
    for rule in PROFILES[client.profile].rules:
        if rule.resource is not None and not rule.resource(facts):
            raise _refused(client, rule, Place.RESOURCE)


def rotates(client: Client) -> bool:
    """Tell whether a client's refresh tokens are rotated (FAPI 2.0 Security Profile 5.3.2.1)."""
    return client.profile is not Profile.FAPI2


def _refused(client: Client, rule: Rule, place: Place, detail: str = "") -> Refused:
    return Refused(RULE_REFUSALS[client.profile, rule.name, place], detail)
