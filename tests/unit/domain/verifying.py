"""A card login, what is asked of it as verified, and what is told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from idp.domain.assurance import Assurance
from idp.domain.event import (
    AuthenticationEvent,
    CardEvidence,
    DeviceEvidence,
)
from idp.domain.verification import verification_of
from idp.domain.verified_claims import granted, offers
from idp.oidc.claims_parameter import read_claims
from tests.contract.store.stand_ins import START, a_client
from tests.unit.domain.test_claims import EVERYTHING, ISSUER, a_card_login, a_request, an

if TYPE_CHECKING:
    from idp.domain.claims import ClaimOffer
    from idp.domain.client import Purpose
    from idp.domain.event import Evidence

DAY = timedelta(days=1)
NAMES = {"given_name": None, "family_name": None}
FULL = {
    "trust_framework": None,
    "assurance_level": None,
    "time": None,
    "evidence": [
        {
            "type": {"value": "document"},
            "check_details": [{"check_method": None, "time": None}],
            "document_details": {
                "type": None,
                "issuer": {"country_code": None},
                "document_number": None,
            },
        }
    ],
}


def a_login(evidence: Evidence | None = None, **facts: object) -> AuthenticationEvent:
    event = a_card_login()
    assert isinstance(event.evidence, CardEvidence)
    if evidence is not None:
        return replace(event, evidence=evidence, acr=Assurance.SUBSTANTIAL)
    return replace(event, evidence=replace(event.evidence, facts=facts))


def a_phone(**changes: Any) -> DeviceEvidence:
    return DeviceEvidence(
        **{
            "device": "phone-1",
            "flow": "qr",
            "backup_eligible": False,
            "backed_up": False,
            "card_fingerprint": "ab",
            "approval": "A",
            "enrolled_at": START - DAY,
            **changes,
        }
    )


def a_block(verification: object = None, claims: object = NAMES) -> dict[str, object]:
    return {"verification": verification or {"trust_framework": None}, "claims": claims}


def told(
    asked: object,
    *purposes: Purpose,
    place: str = "userinfo",
    event: AuthenticationEvent | None = None,
    agreed: tuple[str, ...] | None = None,
    others: Any = None,
) -> Any:
    """Give ``verified_claims`` of both places, or what it came to in the one that was asked."""
    parameter = read_claims(json.dumps(others or {place: {"verified_claims": asked}}))
    request = a_request(
        id_token_verified=parameter.id_token_verified,
        userinfo_verified=parameter.userinfo_verified,
    )
    event = event or a_login()
    offered = offers(
        request,
        a_client(purposes=purposes or (EVERYTHING,)),
        an(),
        event,
        now=START,
        issuer=ISSUER,
        framework="eidas",
    )
    names = tuple(offer.name for offer in offered) if agreed is None else agreed
    verification = verification_of(event, framework="eidas")
    both = granted(request, offered, names, verification, now=START)
    given = dict(zip(("id_token", "userinfo"), both, strict=True))
    return given if others else given[place].get("verified_claims")


def offered_for(asked: object, *purposes: Purpose, **person: Any) -> tuple[ClaimOffer, ...]:
    parameter = read_claims(json.dumps({"userinfo": {"verified_claims": asked}}))
    return offers(
        a_request(userinfo_verified=parameter.userinfo_verified),
        a_client(purposes=purposes or (EVERYTHING,)),
        an(),
        person.get("event") or a_login(),
        now=START,
        issuer=ISSUER,
        framework="eidas",
    )
