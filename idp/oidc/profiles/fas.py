"""``fas``: the dialect of the federal authentication service, for e-services that speak it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idp.domain.assurance import ALIASES
from idp.domain.client import Pkce
from idp.domain.object_use import UNSIGNED
from idp.oidc.profiles.rule import Rule, RuleSet, code_asked, other_types

if TYPE_CHECKING:
    from idp.domain.client import Client
    from idp.oidc.profiles.rule import RequestFacts

LEVELS: Final = "urn:be:fedict:iam:fas:citizen:Level"
SCOPES: Final = frozenset({"openid", "profile", "egovnrn", "email", "offline_access"})


def _no_pkce(client: Client) -> str | None:
    return None if client.pkce is Pkce.REQUIRED else "pkce"


def _other_scopes(client: Client) -> str | None:
    return None if SCOPES.issuperset(client.scopes) else "scope"


def _plain_userinfo(client: Client) -> str | None:
    return None if client.forms.userinfo_algorithm else "userinfo_signed_response_alg"


def _other_level(client: Client) -> str | None:
    return None if client.minimum_acr is None or _federal(client.minimum_acr) else "minimum_acr"


def _unsigned_objects(client: Client) -> str | None:
    return "request_object_signing_alg" if client.objects.algorithm == UNSIGNED else None


def _challenged(request: RequestFacts) -> bool:
    params = request.params
    return params.get("code_challenge") is not None and (
        params.get("code_challenge_method") == "S256"
    )


def _federal(words: str | None) -> bool:
    """Tell whether all the levels that are named, among words we know, are federal ones."""
    known = [word for word in (words or "").split() if word in ALIASES]
    return all(word.startswith(LEVELS) for word in known)


RULES: Final = RuleSet(
    says="The dialect of the federal authentication service: its levels, its scopes, its signed "
    "userinfo.",
    rules=(
        Rule(
            name="code-only",
            demands="The response type is code.",
            instead="write and send code as the response type",
            source="the federal service's dialect",
            registration=other_types,
            request=code_asked,
        ),
        Rule(
            name="pkce-s256",
            demands="Every request has a code challenge, by S256.",
            instead="leave out pkce, and send code_challenge with code_challenge_method=S256",
            source="RFC 9700 2.1.1",
            registration=_no_pkce,
            request=_challenged,
        ),
        Rule(
            name="signed-objects",
            demands="A request object is signed.",
            instead="sign it, or send the parameters plainly; never write none",
            source="RFC 9101 section 10.1",
            registration=_unsigned_objects,
            object=lambda signed: signed.algorithm != UNSIGNED,
        ),
        Rule(
            name="scopes",
            demands="Of the scopes only those that the federal service knows.",
            instead=f"write some of {' '.join(sorted(SCOPES))}",
            source="the federal service's dialect",
            registration=_other_scopes,
        ),
        Rule(
            name="signed-userinfo",
            demands="Userinfo is a signed JWT.",
            instead="write userinfo_signed_response_alg, such as ES256",
            source="the federal service's dialect",
            registration=_plain_userinfo,
        ),
        Rule(
            name="levels",
            demands=f"Levels are named as the federal service does: {LEVELS}100 to 500.",
            instead=f"write {LEVELS}400 or another of these",
            source="the federal service's dialect",
            registration=_other_level,
            request=lambda request: _federal(request.params.get("acr_values")),
            ask=lambda ask: _federal(ask.acr_values),
        ),
    ),
    habits=(
        (
            "Without acr_values the level is told as the federal service does: Level500 for a "
            "card, Level450 for another login of that height, Level400 and Level100 below it."
        ),
        (
            "The scope profile asks for surname, givenName and prefLanguage, email for mail, and "
            "egovnrn for egovNRN: the federal names, and not the standard ones."
        ),
    ),
)
