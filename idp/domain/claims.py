"""What leaves about a person: requested ∩ entitled ∩ available, and then only what was agreed.

A claim leaves only when an unexpired purpose of the client lists it. What is not there is absent:
nothing is guessed from something else (OpenID Connect Core 5.1, 5.4, 5.5).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from idp.domain.client import Purpose
from idp.domain.event import CardEvidence, SeededEvidence
from idp.domain.vocabulary import (
    AUTHORISED,
    FLAGS,
    TEXTS,
    UNVERIFIED,
    claims_supported,
    fact_of,
    facts_of,
    federal_claims,
    scope_claims,
    scopes_supported,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from idp.domain.client import Client
    from idp.domain.event import AuthenticationEvent
    from idp.domain.person import Person
    from idp.domain.request import AuthorizationRequest, ClaimRequest
    from idp.domain.response_type import ResponseType

__all__ = [
    "ClaimOffer",
    "Place",
    "as_shown",
    "canonical_json",
    "claims_supported",
    "entitled",
    "granted",
    "in_force",
    "missing_essential",
    "name_shown",
    "offers",
    "place_of",
    "requested",
    "scope_claims",
    "scopes_supported",
    "verified_facts",
]

Place = Literal["id_token", "userinfo"]
_REASON_DIGITS: Final = 32
_LARGEST_IN_A_TOKEN: Final = 1024
"""Characters of JSON; what is larger is answered at userinfo even where the ID token was named."""
_PICTURE: Final = "data:"
_REMEMBERED: Final = 1024
_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimOffer:
    """One claim that could leave, shown to the citizen before it does.

    Attributes:
        name: the claim name as it was asked, an alias included.
        value: a JSON value.
        essential: the client says that it cannot go on without it (OpenID Connect Core 5.5.1).
        purpose: the registered purpose that entitles it.
        places: where it would be put.
        verified: it would be put into ``verified_claims``; the name is then a path into it.
    """

    name: str
    value: object = field(repr=False)
    essential: bool
    purpose: Purpose | None
    places: frozenset[Place]
    verified: bool = False


def as_shown(offer: ClaimOffer) -> str:
    """Give what a consent remembers of an offer: the claim with the purpose and reason shown.

    The same claim for another purpose, or another reason in any language, gives another text.
    """
    purpose = offer.purpose
    why = None if purpose is None else (purpose.name, tuple(purpose.reason.items()))
    return f"{offer.name}@{_shown_why(why)}"


@lru_cache(_REMEMBERED)
def _shown_why(why: tuple[str, tuple[tuple[str, str], ...]] | None) -> str:
    told = None if why is None else [why[0], dict(why[1])]
    return hashlib.sha256(canonical_json(told).encode("ascii")).hexdigest()[:_REASON_DIGITS]


def name_shown(entry: str) -> str:
    """Give the claim name of what ``as_shown`` gave."""
    return entry.rpartition("@")[0]


@dataclass(slots=True)
class Asked:
    """What the request says about one claim name, gathered from scopes and both members."""

    fact: str | None = None
    essential: bool = False
    places: dict[Place, tuple[str, ...]] = field(default_factory=dict)


def offers(
    request: AuthorizationRequest,
    client: Client,
    person: Person,
    event: AuthenticationEvent,
    *,
    now: datetime,
    issuer: str,
) -> tuple[ClaimOffer, ...]:
    """Give the claims that may leave if the citizen agrees, in the order asked; never ``sub``.

    A claim asked with a value that differs from ours is not offered (OpenID Connect Core 5.5.1).
    Neither is one that would have to be answered where its client cannot reach.
    """
    known = _facts(person, event)
    purposes = entitled(client, now=now, issuer=issuer)
    made = []
    for name, asked in requested(request, issuer).items():
        fact = asked.fact
        purpose = purposes.get(fact)
        value = None if purpose is None else known.get(fact or "")
        if purpose is None or value is None:
            continue
        places = frozenset(
            reached
            for place, wanted in asked.places.items()
            if not wanted or canonical_json(value) in wanted
            if (reached := place_of(place, value, fact, answered=request.response_type))
        )
        if places:
            made.append(
                ClaimOffer(
                    name=name,
                    value=value,
                    essential=asked.essential,
                    purpose=purpose,
                    places=places,
                )
            )
    return tuple(made)


def missing_essential(
    request: AuthorizationRequest,
    client: Client,
    offered: Iterable[ClaimOffer],
    *,
    now: datetime,
    issuer: str,
) -> tuple[str, ...]:
    """Give the essential claims that the client is entitled to and this login cannot give.

    An essential claim that we do not know, or that no purpose entitles, is ignored like a
    voluntary one.
    """
    asked = (*request.id_token_claims, *request.userinfo_claims)
    essential = dict.fromkeys(claim.name for claim in asked if claim.essential)
    if not essential:
        return ()
    there = {offer.name for offer in offered}
    purposes = entitled(client, now=now, issuer=issuer)
    return tuple(
        name for name in essential if name not in there and fact_of(name, issuer=issuer) in purposes
    )


def granted(
    offered: Iterable[ClaimOffer], agreed: Iterable[str]
) -> tuple[dict[str, object], dict[str, object]]:
    """Give the agreed claims with their values: those of the ID token, those of userinfo."""
    names = frozenset(agreed)
    leaving = [offer for offer in offered if offer.name in names and not offer.verified]
    id_token = {offer.name: offer.value for offer in leaving if "id_token" in offer.places}
    userinfo = {offer.name: offer.value for offer in leaving if "userinfo" in offer.places}
    return id_token, userinfo


def in_force(
    claims: Mapping[str, object], client: Client, *, now: datetime, issuer: str
) -> dict[str, object]:
    """Give the agreed claims that a purpose still entitles: a purpose may end before its grant."""
    purposes = entitled(client, now=now, issuer=issuer)
    facts = facts_of(tuple(claims), issuer=issuer)
    return {name: value for name, value in claims.items() if facts.get(name) in purposes}


def canonical_json(value: object) -> str:
    """Give the one text of a JSON value that equal values share, to compare by."""
    return _CANONICAL.encode(value)


def requested(request: AuthorizationRequest, issuer: str) -> Mapping[str, Asked]:
    """Gather per claim name; scopes ask at userinfo, where that is reached (Core 5.4)."""
    return _requested(
        request.scopes,
        request.id_token_claims,
        request.userinfo_claims,
        issuer,
        federal=request.federal,
        scopes_at="userinfo" if request.response_type.reaches_userinfo else "id_token",
    )


@lru_cache(_REMEMBERED)
def _requested(
    scopes: tuple[str, ...],
    id_token_claims: tuple[ClaimRequest, ...],
    userinfo_claims: tuple[ClaimRequest, ...],
    issuer: str,
    *,
    federal: bool,
    scopes_at: Place,
) -> Mapping[str, Asked]:
    """Gather once what a login looks at several times, and an e-service asks again and again."""
    asked: dict[str, Asked] = {}
    for scope in scopes:
        for name in (federal_claims if federal else scope_claims)(scope, issuer=issuer):
            asked.setdefault(name, Asked()).places[scopes_at] = ()
    _add(asked, id_token_claims, "id_token")
    _add(asked, userinfo_claims, "userinfo")
    for name, fact in facts_of(tuple(asked), issuer=issuer).items():
        asked[name].fact = fact
    return MappingProxyType(asked)


def _add(asked: dict[str, Asked], claims: Iterable[ClaimRequest], place: Place) -> None:
    for claim in claims:
        entry = asked.setdefault(claim.name, Asked())
        entry.essential = entry.essential or claim.essential
        entry.places[place] = claim.values


def entitled(client: Client, *, now: datetime, issuer: str) -> dict[str | None, Purpose]:
    """Give each fact that a purpose in force entitles, under any of its names, with the first."""
    found: dict[str | None, Purpose] = {}
    for purpose in client.purposes:
        if purpose.expires_at is not None and now >= purpose.expires_at:
            continue
        for fact in facts_of(purpose.claims, issuer=issuer).values():
            if purpose.authorisation or fact not in AUTHORISED:
                found.setdefault(fact, purpose)
    return found


def place_of(
    asked: Place, value: object, fact: str | None, *, answered: ResponseType
) -> Place | None:
    """Give where a value is answered; ``None`` where that cannot be.

    A picture, and whatever is large, is in no ID token; what only an authorisation lets out is in
    none that comes through the browser, whose address it would stand in.
    """
    if asked == "id_token":
        shown = answered.issues_id_token and fact in AUTHORISED
        if not shown and not _is_large(value):
            return asked
    return "userinfo" if answered.reaches_userinfo else None


def _is_large(value: object) -> bool:
    picture = isinstance(value, str) and value.startswith(_PICTURE)
    return picture or len(canonical_json(value)) > _LARGEST_IN_A_TOKEN


def verified_facts(person: Person, event: AuthenticationEvent) -> dict[str, object]:
    """Give the facts that a card proved: in this login, or when it enrolled the phone behind it."""
    evidence = event.evidence
    if isinstance(evidence, SeededEvidence):
        return {}
    facts = {name: fact for name, fact in _of_person(person).items() if name not in UNVERIFIED}
    if isinstance(evidence, CardEvidence):
        facts |= _of_card(evidence) | evidence.facts
    return facts


def _facts(person: Person, event: AuthenticationEvent) -> dict[str, object]:
    """Give what is known, each under its fact's name; what is unknown is left out."""
    facts = _of_standard(person.attributes.standard)
    facts |= _of_person(person)
    if isinstance(event.evidence, CardEvidence):
        facts |= _of_card(event.evidence) | event.evidence.facts
    return facts


def _of_person(person: Person) -> dict[str, object]:
    attributes = person.attributes
    names = (attributes.given_name, attributes.family_name)
    found: dict[str, object | None] = {
        "name": " ".join(name for name in names if name) or None,
        "given_name": attributes.given_name or None,
        "family_name": attributes.family_name or None,
        "rrn": attributes.national_number or None,
        "rrn_type": attributes.national_number_type if attributes.national_number else None,
        "updated_at": int(person.updated_at.timestamp()),
    }
    return {name: value for name, value in found.items() if value is not None}


def _of_card(evidence: CardEvidence) -> dict[str, object]:
    """Give what the certificate alone proves; what its files prove stands in ``facts``."""
    return {
        "issuing_country": "BE",
        "valid_from": _instant(evidence.not_before),
        "valid_to": _instant(evidence.not_after),
        "card_generation": evidence.generation,
        "certificate_serial": evidence.certificate_serial,
    }


def _of_standard(standard: Mapping[str, object]) -> dict[str, object]:
    """Give a seeded person's standard claims in the types of OpenID Connect Core 5.1."""
    facts: dict[str, object] = {
        name: value for name in TEXTS if isinstance(value := standard.get(name), str) and value
    }
    address = standard.get("address")
    if isinstance(address, dict) and address:
        facts["address"] = address
    for flag, subject in FLAGS.items():
        if subject in facts:
            facts[flag] = standard.get(flag) is True
    return facts


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
