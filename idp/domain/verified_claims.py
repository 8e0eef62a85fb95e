"""Claims with the proof that stands behind them: ``verified_claims``, built from the card alone.

What is told about a verification is asked for element by element, like the claims in it: a request
is filter and template in one (OpenID Connect for Identity Assurance 1.0, 5). What does not fit a
filter is left out, and never an error. Whatever of it speaks about the person leaves by a purpose
and an agreement, like any claim.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from idp.domain import claims
from idp.domain.claims import ClaimOffer, Place, canonical_json, entitled, place_of, verified_facts
from idp.domain.verification import DETAILS, told, verification_of
from idp.domain.vocabulary import fact_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from idp.domain.client import Client, Purpose
    from idp.domain.event import AuthenticationEvent
    from idp.domain.person import Person
    from idp.domain.request import AuthorizationRequest, VerifiedRequest
    from idp.domain.verification import Verification

CLAIM: Final = "verified_claims"
_PREFIX: Final = f"{CLAIM}/"
_OF_EVIDENCE: Final = "evidence/"


def facts_asked(request: AuthorizationRequest) -> tuple[str, ...]:
    """Give the claim names and the facts of documents that are asked as verified, each once."""
    blocks = (*request.id_token_verified, *request.userinfo_verified)
    names = [claim.name for block in blocks for claim in block.claims]
    names += [DETAILS[member] for block in blocks for member in _details_asked(block)]
    return tuple(dict.fromkeys(names))


def offers(  # noqa: PLR0913 - who asks what of whom, by which proof, when and where
    request: AuthorizationRequest,
    client: Client,
    person: Person,
    event: AuthenticationEvent,
    *,
    now: datetime,
    issuer: str,
    framework: str,
) -> tuple[ClaimOffer, ...]:
    """Give the verified claims that may leave if the citizen agrees, one offer a claim.

    Of a block whose verification cannot be had as asked, nothing is offered.
    """
    if not (request.id_token_verified or request.userinfo_verified):
        return ()
    verification = verification_of(event, framework=framework)
    if verification is None:
        return ()
    known = verified_facts(person, event)
    purposes = entitled(client, now=now, issuer=issuer)
    details = {
        member: value
        for member, value in verification.details.items()
        if DETAILS[member] in purposes
    }
    made: dict[str, ClaimOffer] = {}
    for place, block in _blocks(request):
        if told(block.verification, verification, frozenset(details), now=now) is None:
            continue
        leaving: list[tuple[str, object, bool, Purpose]] = []
        for claim in block.claims:
            fact = fact_of(claim.name, issuer=issuer)
            value, purpose = known.get(fact or ""), purposes.get(fact)
            wrong = bool(claim.values) and canonical_json(value) not in claim.values
            if value is None or purpose is None or wrong:
                continue
            if place_of(place, value, fact, answered=request.response_type) != place:
                continue
            leaving.append((claim.name, value, claim.essential, purpose))
        if leaving:
            leaving += [
                (f"{_OF_EVIDENCE}{fact}", _written(details[member]), False, purposes[fact])
                for member in _details_asked(block)
                if member in details and (fact := DETAILS[member]) is not None
            ]
        for name, value, essential, purpose in leaving:
            former = made.get(name)
            made[name] = ClaimOffer(
                name=f"{_PREFIX}{name}",
                value=value if former is None else former.value,
                essential=essential or (former is not None and former.essential),
                purpose=purpose,
                places=frozenset({place}) | (frozenset() if former is None else former.places),
                verified=True,
            )
    return tuple(made.values())


def granted(
    request: AuthorizationRequest,
    offered: Iterable[ClaimOffer],
    agreed: Iterable[str],
    verification: Verification | None,
    *,
    now: datetime,
) -> tuple[dict[str, object], dict[str, object]]:
    """Give the claim ``verified_claims`` of the ID token and that of userinfo, or nothing.

    A block that asks for what was not agreed to is answered without it; a block of whose claims
    none is left is left out.
    """
    names = frozenset(agreed)
    leaving = {
        offer.name.removeprefix(_PREFIX): offer
        for offer in offered
        if offer.verified and offer.name in names
    }
    found: dict[Place, list[object]] = {"id_token": [], "userinfo": []}
    if verification is not None:
        allowed = frozenset(
            member for member, fact in DETAILS.items() if f"{_OF_EVIDENCE}{fact}" in leaving
        )
        for place, block in _blocks(request):
            telling = told(block.verification, verification, allowed, now=now)
            values = {
                claim.name: offer.value
                for claim in block.claims
                if (offer := leaving.get(claim.name)) is not None
                and place in offer.places
                and (not claim.values or canonical_json(offer.value) in claim.values)
            }
            if telling is not None and values:
                found[place].append({"verification": telling, "claims": values})
    return _as_claim(found["id_token"]), _as_claim(found["userinfo"])


def in_force(
    agreed: Mapping[str, object], client: Client, *, now: datetime, issuer: str
) -> dict[str, object]:
    """Give the agreed claims that a purpose still entitles, those that are verified too."""
    kept = claims.in_force(agreed, client, now=now, issuer=issuer)
    if CLAIM not in agreed:
        return kept
    purposes = entitled(client, now=now, issuer=issuer)
    blocks = []
    for block in _as_list(agreed[CLAIM]):
        values = {
            name: value
            for name, value in block["claims"].items()
            if fact_of(name, issuer=issuer) in purposes
        }
        if values:
            kept_of_it = _without_ended(block["verification"], purposes)
            blocks.append({"verification": kept_of_it, "claims": values})
    return kept | _as_claim(blocks)


def names_in(agreed: Mapping[str, object]) -> tuple[str, ...]:
    """Give the names of what leaves, those inside ``verified_claims`` by their path; sorted."""
    names = {name for name in agreed if name != CLAIM}
    for block in _as_list(agreed.get(CLAIM)):
        names |= {f"{_PREFIX}{name}" for name in block["claims"]}
        for entry in block["verification"].get("evidence", ()):
            details = entry.get("document_details", {})
            names |= {f"{_PREFIX}{_OF_EVIDENCE}{DETAILS[member]}" for member in details}
    return tuple(sorted(names))


# --- parts ----------------------------------------------------------------------------------------


def _blocks(request: AuthorizationRequest) -> Iterator[tuple[Place, VerifiedRequest]]:
    for block in request.id_token_verified:
        yield "id_token", block
    for block in request.userinfo_verified:
        yield "userinfo", block


def _details_asked(block: VerifiedRequest) -> tuple[str, ...]:
    """Give the members of ``document_details`` that a block asks for."""
    evidence = json.loads(block.verification).get("evidence")
    found: dict[str, None] = {}
    for entry in evidence if isinstance(evidence, list) else ():
        details = entry.get("document_details") if isinstance(entry, dict) else None
        if isinstance(details, dict):
            found |= dict.fromkeys(member for member in DETAILS if member in details)
    return tuple(found)


def _written(value: object) -> object:
    return value["country_code"] if isinstance(value, dict) else value


def _as_claim(blocks: Sequence[object]) -> dict[str, object]:
    """Give one block as it is, several as a list, none as no claim."""
    if not blocks:
        return {}
    return {CLAIM: blocks[0] if len(blocks) == 1 else blocks}


def _as_list(value: object) -> list[dict[str, dict[str, Any]]]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]  # type: ignore[list-item]


def _without_ended(element: Mapping[str, Any], purposes: Mapping[str | None, object]) -> object:
    """Take out of the evidence what a purpose that has ended had entitled."""
    if "evidence" not in element:
        return element
    evidence = []
    for entry in element["evidence"]:
        details = {
            member: value
            for member, value in entry.get("document_details", {}).items()
            if DETAILS[member] in purposes
        }
        kept = {name: value for name, value in entry.items() if name != "document_details"}
        evidence.append(kept | ({"document_details": details} if "type" in details else {}))
    return {**element, "evidence": evidence}
