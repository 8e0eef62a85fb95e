"""The page of claims and levels of assurance, from the vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docs._generate.markdown import code, document, table
from idp.domain.assurance import ALIASES, CANONICAL
from idp.domain.vocabulary import (
    AUTHORISED,
    FACTS,
    Source,
    claims_supported,
    fact_of,
    scope_claims,
    scopes_supported,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ISSUER: Final = "https://login.example"
INTRODUCTION = f"""
What an e-service may ask and be told. A claim leaves when it was asked, a registered purpose lists
it, it is known, and the citizen agreed; what is not known is absent, never guessed. See
[Consent and claims](../explanation/consent-and-claims.md).

Claims of our own namespace begin with the issuer, here `{ISSUER}`. The name that was asked is the
name that is answered.
"""
SOURCES: Final = {
    Source.PERSON: "the person, as the card's certificate names them",
    Source.CARD: "the card of this login",
    Source.SEEDED: "seeded persons, in the test and conformance environments only",
}
ASSURANCE = """
The answer's `acr` is the strongest of the words asked that the login satisfies, else the first word
of the level's row. A card with its PIN and a good answer about revocation is `high`. Several
voluntary words mean that any of them will do.
"""
METHODS = """
`amr` says how: a card login has `sc`, `pin`, `mfa` and `be:eid` (RFC 8176 section 2; the last is
ours).
"""
PROTOCOL = """
`iss`, `aud`, `exp`, `iat`, `auth_time`, `nonce`, `acr`, `amr`, `sid` and `at_hash` stand in ID
tokens by the protocol (OpenID Connect Core 1.0 section 2). `sub` is 128 random bits for a person
and a sector, for ever: it is made from nothing, and never the national number.
"""


def page() -> str:
    """Give the page."""
    return document(
        "Claims",
        INTRODUCTION,
        "## Claims about people",
        table(("Claim", "Scopes that ask for it", "Source", "Needs"), _claims()),
        "## Claims of the protocol",
        PROTOCOL,
        "## Scopes",
        table(("Scope", "Claims"), _scopes()),
        "`offline_access` lets refresh tokens outlive the session: only with `prompt=consent`, and "
        "for a client with that grant type (OpenID Connect Core 1.0 section 11).",
        "## Levels of assurance",
        ASSURANCE,
        table(("Level", "Words"), _levels()),
        "## Methods",
        METHODS,
    )


def _claims() -> Iterator[tuple[str, ...]]:
    for name in claims_supported(issuer=ISSUER, seeded=True):
        fact = fact_of(name, issuer=ISSUER)
        if fact is None:
            continue
        asking = [
            scope
            for scope in scopes_supported(seeded=True)
            if name in scope_claims(scope, issuer=ISSUER)
        ]
        yield (
            code(name),
            " ".join(code(scope) for scope in asking) or "only the `claims` parameter",
            SOURCES[FACTS[fact]],
            "an authorisation" if fact in AUTHORISED else "",
        )


def _scopes() -> Iterator[tuple[str, str]]:
    for scope in scopes_supported(seeded=True):
        yield code(scope), " ".join(code(name) for name in scope_claims(scope, issuer=ISSUER))


def _levels() -> Iterator[tuple[str, str]]:
    for level in CANONICAL:
        words = [word for word, meant in ALIASES.items() if meant is level]
        yield level.name.lower(), " ".join(code(word) for word in words)
