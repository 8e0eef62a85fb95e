"""The page of a registration's members, from the rules that judge them."""

from __future__ import annotations

from datetime import UTC, datetime

from docs._generate.markdown import code, document, fenced, table
from idp.domain.vocabulary import scope_claims, scopes_supported
from idp.oidc.dynamic.documents import OPERATORS
from idp.oidc.registration.purposes import PURPOSE_MEMBERS
from idp.oidc.registration.rules import MEMBERS

ISSUER = "https://login.example"
INTRODUCTION = """
What `sesame clients add --from FILE` and `sesame clients edit CLIENT_ID --from FILE` read: TOML, or
JSON with the same names. Members that a standard names have that name (RFC 7591, OpenID Connect
Dynamic Client Registration, RP-Initiated Logout); the others are ours. Every fault is told at once,
each with what to write instead, and nothing is changed while there is one.

An e-service that registers itself at [`/register`](endpoints.md#register) says the same in JSON,
but not what only operators decide: OPERATORS.

A change is effective for every request that begins after the command returned. Disabling or
removing a client, and an edit that takes scopes, claims or grants away, changes the subject or
makes a rule about ages or documents stricter, ends in the same moment what the client holds.
"""
EXAMPLE = """
client_id = "my-service"
redirect_uris = ["https://service.example/callback"]
post_logout_redirect_uris = ["https://service.example/"]
token_endpoint_auth_method = "client_secret_basic"
grant_types = ["authorization_code", "refresh_token"]
scope = "openid profile"
contact = "team@service.example"

[client_name]
nl = "Mijn dienst"
fr = "Mon service"
de = "Mein Dienst"
en = "My service"

[[purposes]]
name = "greeting"
claims = ["given_name", "family_name"]

[purposes.reason]
nl = "Om u bij uw naam te noemen."
fr = "Pour vous appeler par votre nom."
de = "Um Sie mit Namen anzusprechen."
en = "To call you by your name."
"""
EXAMPLE_AT = datetime(2026, 1, 1, tzinfo=UTC)


def page() -> str:
    """Give the page."""
    scopes = scopes_supported(seeded=True)
    everywhere = scopes_supported(seeded=False)
    return document(
        "Registration of clients",
        INTRODUCTION.replace("OPERATORS", ", ".join(map(code, sorted(OPERATORS - {"client_id"})))),
        fenced(EXAMPLE.strip(), "toml"),
        "## Members",
        table(("Member", "Meaning"), ((code(name), said) for name, said in MEMBERS.items())),
        "## Members of a purpose",
        table(
            ("Member", "Meaning"), ((code(name), said) for name, said in PURPOSE_MEMBERS.items())
        ),
        "## Scopes and the claims they ask for",
        f"Claims of our own namespace begin with the issuer, here `{ISSUER}`.",
        table(
            ("Scope", "Claims", "Where"),
            (
                (
                    code(scope),
                    " ".join(code(name) for name in scope_claims(scope, issuer=ISSUER)),
                    "everywhere" if scope in everywhere else "where persons are seeded",
                )
                for scope in scopes
            ),
        ),
    )
