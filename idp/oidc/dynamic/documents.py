"""From what an e-service sends to what the rules of registration read, and back to what it is told.

What only operators decide is never taken from an e-service: which claims it is entitled to and why,
whose sector it shares, whom it lets in. What we do not know is ignored, as RFC 7591 section 2 says;
what we know and do not do is refused where the e-service would count on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from idp.config import Environment
from idp.domain.client import ClientAuth
from idp.domain.object_use import UNSIGNED
from idp.domain.vocabulary import scope_claims
from idp.oidc import paths
from idp.oidc.registration import acting, objects, rules
from idp.oidc.registration.backchannel import CIBA
from idp.oidc.registration.members import LANGUAGES
from idp.oidc.registration.uris import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.config import Settings
    from idp.domain.client import Client
    from idp.oidc.registration.policy import Policy

OPERATORS: Final = frozenset(
    {
        *("client_id", "sector", "purposes", "pkce", "contact", "expires_at", "minimum_acr"),
        *("live_check", "minimum_age", "accepted_documents"),
        *("allow_static_code", "allow_offline_from_phone"),
        *acting.OPERATORS,
    }
)
"""Members of ours that only operators decide; another one's word about them is not heard."""
_UNHEARD: Final = frozenset({"client_secret", "software_statement"})
_RESERVED: Final = frozenset({"egovnrn", "be:rrn"})
_REASON: Final = "Certification: made-up data of a made-up person"


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What only the answer to a registration says: the two secrets, each for the only time."""

    token: str
    secret: str | None = None


def heard(document: Mapping[str, object], policy: Policy) -> dict[str, object]:
    """Give the members that an e-service may decide; what says nothing is left out.

    So are addresses of request objects where none is fetched: it is told so by the metadata. A
    language that our pages do not have is left out too, and a region of one we have is dropped.
    """
    kept: dict[str, object] = {}
    for given, value in document.items():
        name, _, tag = given.partition("#")
        if value is None or value is False or value in ("", []):
            continue
        if name in OPERATORS or name in _UNHEARD or not rules.is_known(name):
            continue
        if name == objects.URIS and not policy.objects.by_reference:
            continue
        if not tag:
            kept[name] = value
        elif (language := tag.lower().partition("-")[0]) in LANGUAGES:
            kept.setdefault(f"{name}#{language}", value)
    return kept


def completed(
    document: Mapping[str, object],
    client_id: str,
    *,
    settings: Settings,
    policy: Policy,
    former: Client | None,
) -> dict[str, Any]:
    """Give the whole registration that the rules judge, with what the standards default to.

    Of a ``former`` one what operators decided stays. Where there is none an e-service is entitled
    to nothing but ``sub``; in the conformance environment to what seeded persons are made of.
    """
    whole: dict[str, Any] = {
        "token_endpoint_auth_method": "client_secret_basic",
        **heard(document, policy),
        "client_id": client_id,
    }
    if not any(name.partition("#")[0] == "client_name" for name in whole):
        whole["client_name"] = _first_host(whole) or client_id
    profile = whole.get("profile", "default")
    if "RS256" in policy.algorithms and profile == "default":
        whole.setdefault("id_token_signed_response_alg", "RS256")
    sector = _sector(whole, client_id, former)
    if sector is not None:
        whole["sector"] = sector
    if former is not None:
        described = rules.describe(former)
        stays = OPERATORS - {"client_id", "sector", "expires_at"}
        whole |= {name: described[name] for name in stays & described.keys()}
        if "scope" not in whole:
            whole["scope"] = described["scope"]
    elif settings.environment is Environment.CONFORMANCE:
        _certify(whole, policy)
    return whole


def told(client: Client, *, issuer: str, secrets: Told) -> dict[str, object]:
    """Give the answer about a registration (RFC 7591 section 3.2.1, RFC 7592 section 3)."""
    answer: dict[str, object] = {
        "client_id": client.id,
        "client_id_issued_at": int(client.created_at.timestamp()),
    }
    if secrets.secret is not None:
        answer["client_secret"] = secrets.secret
        ends = client.secrets[-1].expires_at
        answer["client_secret_expires_at"] = int(ends.timestamp())
    answer["registration_access_token"] = secrets.token
    answer["registration_client_uri"] = f"{issuer}{paths.REGISTER}/{client.id}"
    for name, value in rules.describe(client).items():
        if name in OPERATORS:
            continue
        if isinstance(value, dict) and f"{name}#" in rules.TAGGED:
            answer |= _by_tag(name, value)
        else:
            answer[name] = value
    answer.setdefault("response_types", ["code"])
    return answer


def _by_tag(name: str, by_language: Mapping[str, str]) -> dict[str, str]:
    """Write a text by language as RFC 7591 section 2.2 does: the English one without a tag."""
    plain = by_language.get("en") or next(iter(by_language.values()))
    tagged = {f"{name}#{language}": text for language, text in by_language.items()}
    return {name: plain, **{tag: text for tag, text in tagged.items() if not tag.endswith("#en")}}


def _hosts(whole: Mapping[str, object]) -> list[str | None]:
    uris = whole.get("redirect_uris")
    if not isinstance(uris, list):
        return []
    return [_host(uri) for uri in uris if isinstance(uri, str)]


def _host(uri: str) -> str | None:
    try:
        return urlsplit(uri).hostname
    except ValueError:
        return None


def _first_host(whole: Mapping[str, object]) -> str | None:
    return next((host[:80] for host in _hosts(whole) if host), None)


def _sector(whole: Mapping[str, object], client_id: str, former: Client | None) -> str | None:
    """Give the sector that is not for the rules to find.

    What stands on the citizen's own machine has no host that is its own: it is a sector by itself,
    or every app would know people by the names that every other app knows them by. So is who asks
    behind the browser's back: no browser has to reach the host of its redirect URIs, and only a
    list there proves that the host is its own (CIBA Core 4).
    """
    elsewhere = whole.get("sector_identifier_uri")
    hosts = _hosts(whole)
    grants = whole.get("grant_types")
    unproven = isinstance(grants, list | str) and CIBA in grants
    if former is not None and former.remote.sector == elsewhere:
        known = {_host(uri) for uri in former.redirect_uris}
        if set(hosts) <= known and unproven <= (CIBA in former.grant_types):
            return former.sector
    if elsewhere is not None:
        return None
    own = {None, *(name.strip("[]") for name in LOOPBACK)}
    return client_id if unproven or (hosts and set(hosts) <= own) else None


def _certify(whole: dict[str, Any], policy: Policy) -> None:
    """Let a client of the certification suite ask for all that seeded persons are made of.

    The suite sends unsigned objects for clients that registered nothing about them.
    """
    signs = whole.get("require_signed_request_object") is True
    if policy.objects.unsigned and not signs and whole.get("profile", "default") == "default":
        whole.setdefault(objects.ALGORITHM, UNSIGNED)
    free = free_scopes(policy)
    if "refresh_token" not in whole.get("grant_types", ()):
        free.remove("offline_access")
    whole.setdefault("scope", " ".join(free))
    whole["purposes"] = purposes_of_seeded(policy)
    if whole["token_endpoint_auth_method"] != ClientAuth.NONE:
        whole["pkce"] = "optional"


def purposes_of_seeded(policy: Policy) -> list[dict[str, Any]]:
    """Give purposes for every scope of seeded persons but those that a law reserves."""
    return [
        {
            "name": scope.replace(":", "-"),
            "reason": dict.fromkeys(policy.languages, _REASON),
            "claims": claims,
        }
        for scope in free_scopes(policy)
        if (claims := _entitled(policy, scope))
    ]


def free_scopes(policy: Policy) -> list[str]:
    """Give the scopes about people that no law reserves."""
    always = {"openid", "offline_access"}
    return [
        scope
        for scope in policy.scopes()
        if scope in always or (scope not in _RESERVED and _entitled(policy, scope))
    ]


def _entitled(policy: Policy, scope: str) -> list[str]:
    known = policy.claims()
    return [one for one in scope_claims(scope, issuer=policy.issuer) if one in known]
