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
[Consent and claims](../explanation/consent-and-claims.md), and for what the card's files say
[Identity data](../explanation/identity-data.md).

Claims of our own namespace begin with the issuer, here `{ISSUER}`. The name that was asked is the
name that is answered.
"""
SOURCES: Final = {
    Source.PERSON: "the person, as the card's certificate names them",
    Source.CARD: "the card of this login",
    Source.FILES: "the card's signed files, where our card agent sent them",
    Source.SEEDED: "seeded persons, in the test and conformance environments only",
}
ASSURANCE = """
The answer's `acr` is the strongest of the words asked that the login satisfies, else the first word
of the level's row. A card with its PIN and a good answer about revocation is `high`. Several
voluntary words mean that any of them will do.
"""
FORMS = """
- `birthdate` is `YYYY-MM-DD`, or the year alone where the register does not know the day.
- `gender` is `female` or `male`; `nationality` is the word on the card in the card's language, and
  `nationalities` its code (`["BEL"]`) where we are sure of it.
- `address` has `formatted`, `street_address`, `postal_code` and `locality`: the card names no
  country.
- `place_of_birth` has `locality`.
- `document_type` is `citizen`, `kids-citizen`, or `foreigner-` or `kids-foreigner-` and the title
  of residence in lower case, such as `foreigner-b`.
- `age_over_18` and its like are true or false, judged at the login on the day that it is in
  Brussels; absent where a date of birth without its day leaves it open. `age_gte_18` is another
  name for it.
- `picture` is a `data:` URL of the JPEG on the card, of about 3 kB. It, and any other value above
  1024 characters, is answered at userinfo even where the ID token was named.
"""
METHODS = """
`amr` says how: a card login has `sc`, `pin` and `mfa` (RFC 8176 section 2), and a word of ours for
whose card it is: `be:eid` a Belgian's or `be:foreigner` a foreigner's, by the certificate;
`be:kids-eid` a child's under twelve, where its verified file says so (a foreign child's has both).
"""
PROTOCOL = """
`iss`, `aud`, `exp`, `iat`, `auth_time`, `nonce`, `acr`, `amr`, `sid` and `at_hash` stand in ID
tokens by the protocol (OpenID Connect Core 1.0 section 2). `sub` is 128 random bits for a person
and a sector, for ever: it is made from nothing, and never the national number.
"""


VERIFIED = """
Asked through the `claims` parameter alone, at `/authorize` or behind the browser's back, in
`id_token`, in `userinfo` or in both (OpenID Connect for Identity Assurance 1.0 section 5): one
element or a list of up to eight, each answered for itself.

```json
{"userinfo": {"verified_claims": {
  "verification": {"trust_framework": {"value": "eidas"}, "assurance_level": null, "time": null,
    "evidence": [{"type": {"value": "document"}, "check_details": [{"check_method": null}]}]},
  "claims": {"given_name": null, "family_name": null}}}}
```

- Of `verification` there are `trust_framework`, `assurance_level` (`low`, `substantial`, `high`),
  `time`, and one `evidence` of type `document` with `check_details` (`check_method` `vcrypt`,
  `time`) and `document_details` (`type`, `issuer` with `country_code`, `document_number`). What is
  not named in the request is not told.
- `value`, `values` and `max_age` are demands: where one in `verification` is not met, that element
  is left out; where one of a claim is not met, the claim is. Neither is an error, nor is an unknown
  name.
- `document_details` need purposes for `document_type`, `issuing_country` and `document_number`, and
  are told of a login by card only.
- All of the claims above but `updated_at` and those of seeded persons may stand in it.
"""


def page() -> str:
    """Give the page."""
    return document(
        "Claims",
        INTRODUCTION,
        "## Claims about people",
        table(("Claim", "Scopes that ask for it", "Source", "Needs"), _claims()),
        "## The forms of values from the card",
        FORMS,
        "## Verified claims",
        VERIFIED,
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
