"""The page of client profiles, from their rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docs._generate.markdown import code, document, table
from idp.errors import RULE_REFUSALS, Place
from idp.oidc.profiles.keeping import PROFILES

if TYPE_CHECKING:
    from idp.domain.profile import Profile
    from idp.oidc.profiles.rule import Rule, RuleSet

INTRODUCTION = """
A client is registered under one profile, by the member `profile`: `default`, `fapi2` or `fas`. The
rules of a profile are held against the registration, and against every message that the client
sends. Who breaks one is told its name, as `error_description` (`profile fapi2 rule par-required`)
and in the faults of `sesame clients add` and `edit`, which also say what to write instead. A
registration that broke its profile after it was written, by whatever way, gets nothing any more:
`sesame doctor` names it.
"""
EVERYWHERE = """
Held for every client, so no profile repeats it: `iss` in each authorization response (RFC 9207), no
response type but `code`, exact redirect URIs, S256 as the only PKCE method, one use of each code,
assertion, proof and signed request, a nonce of the server's in each DPoP proof, no signature by
`none` or by a MAC, keys of at least 2048 bits (RSA) or on P-256 and Ed25519. What these profiles
demand beyond it stands below. A weaker message for each rule of `fapi2`, at each place, is sent by
`tests/attacks/profiles/test_fapi2.py`, which fails where a rule has none.
"""
_WHERE = {
    Place.REGISTRATION: "registration",
    Place.PROOF: "client assertion",
    Place.REQUEST: "authorization request",
    Place.OBJECT: "request object",
    Place.ASK: "back-channel request",
    Place.TOKEN: "token request",
    Place.RESOURCE: "userinfo",
}


def page() -> str:
    """Give the page."""
    return document(
        "Profiles of clients",
        INTRODUCTION,
        EVERYWHERE,
        *(part for profile, rules in PROFILES.items() for part in _profile(profile, rules)),
    )


def _profile(profile: Profile, rules: RuleSet) -> tuple[str, ...]:
    habits = [f"- {habit}" for habit in rules.habits]
    parts = [f"## {profile.value}", rules.says]
    if rules.rules:
        parts.append(
            table(
                ("Rule", "What is demanded", "Write or send instead", "Held at", "Source"),
                (_row(profile, rule) for rule in rules.rules),
            )
        )
    if habits:
        parts += ["Also:", "\n".join(habits)]
    return tuple(parts)


def _row(profile: Profile, rule: Rule) -> tuple[str, ...]:
    places = (
        f"{_WHERE[place]} ({code(RULE_REFUSALS[profile, rule.name, place].oauth)})"
        for place in rule.places
    )
    return code(rule.name), rule.demands, rule.instead, ", ".join(places), rule.source
