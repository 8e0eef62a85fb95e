"""Verified claims: what the card proved, told as asked and no further, and only where it fits."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.assurance import Assurance
from idp.domain.client import Purpose
from idp.domain.event import (
    AuthenticationEvent,
    CardEvidence,
    DeviceEvidence,
    OtpEvidence,
    SeededEvidence,
)
from idp.domain.reading import reading_of
from idp.domain.verification import verification_of
from idp.domain.verified_claims import granted, in_force, names_in, offers
from idp.errors import INVALID_REQUEST, Refused
from idp.oidc.claims_parameter import read_claims
from tests.contract.store.stand_ins import MINUTE, START, a_client
from tests.unit.domain.test_claims import EVERYTHING, ISSUER, a_card_login, a_request, an

if TYPE_CHECKING:
    from idp.domain.claims import ClaimOffer
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


# --- as asked, and no further ---------------------------------------------------------------------


@pytest.mark.proves("identity-assurance.forms")
@pytest.mark.parametrize("form", [None, {}, {"essential": False}, {"essential": True}])
def test_null_and_empty_forms_ask_for_an_element_without_a_demand(form: object) -> None:
    given = told(a_block({"trust_framework": form}, {"given_name": form}))
    assert given == {
        "verification": {"trust_framework": "eidas"},
        "claims": {"given_name": "Anaïs"},
    }


@pytest.mark.parametrize("verification", [None, {}])
def test_a_block_without_a_verification_is_told_the_framework_alone(verification: object) -> None:
    given = told({"verification": verification, "claims": NAMES})
    assert given["verification"] == {"trust_framework": "eidas"}


def test_everything_that_is_asked_of_a_card_is_told() -> None:
    given = told(a_block(FULL), event=a_login(document_number="592123456789"))
    when = START.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert given["verification"] == {
        "trust_framework": "eidas",
        "assurance_level": "high",
        "time": when,
        "evidence": [
            {
                "type": "document",
                "check_details": [{"check_method": "vcrypt", "time": when}],
                "document_details": {
                    "type": "idcard",
                    "issuer": {"country_code": "BEL"},
                    "document_number": "592123456789",
                },
            }
        ],
    }


def test_nothing_of_the_evidence_is_told_unless_it_is_named() -> None:
    asked = {"trust_framework": None, "evidence": [{"type": {"value": "document"}}]}
    assert told(a_block(asked))["verification"]["evidence"] == [{"type": "document"}]
    for form in (None, [], {}):
        asked = {"trust_framework": None, "evidence": form}
        assert "evidence" not in told(a_block(asked))["verification"]
    asked = {"evidence": [{"type": None, "document_details": None, "check_details": None}]}
    assert told(a_block(asked))["verification"]["evidence"] == [{"type": "document"}]


def test_a_foreigner_has_another_document() -> None:
    event = a_login()
    assert isinstance(event.evidence, CardEvidence)
    event = replace(event, evidence=replace(event.evidence, holder="foreigner"))
    asked = {"evidence": [{"document_details": {"type": None}}]}
    details = told(a_block(asked), event=event)["verification"]["evidence"][0]["document_details"]
    assert details == {"type": "residence_permit"}


@pytest.mark.proves("identity-assurance.places")
def test_claims_of_a_place_stay_in_it() -> None:
    asked = {
        "id_token": {"verified_claims": a_block(claims={"given_name": None})},
        "userinfo": {"verified_claims": a_block(claims={"family_name": None})},
    }
    given = told(None, others=asked)
    assert given["id_token"]["verified_claims"]["claims"] == {"given_name": "Anaïs"}
    assert given["userinfo"]["verified_claims"]["claims"].keys() == {"family_name"}
    assert told(None, others={"id_token": {"verified_claims": a_block()}})["userinfo"] == {}
    assert told(None, others={"userinfo": {"verified_claims": a_block()}})["id_token"] == {}


def test_a_picture_goes_into_no_id_token_and_is_not_moved_either() -> None:
    event = a_login(picture="data:image/jpeg;base64,AAAA")
    asked = a_block(claims={"picture": None})
    assert told(asked, place="userinfo", event=event)["claims"]["picture"].startswith("data:")
    both = told(None, others={"id_token": {"verified_claims": asked}}, event=event)
    assert both == {"id_token": {}, "userinfo": {}}


def test_several_blocks_are_answered_each_for_itself() -> None:
    wrong = a_block({"trust_framework": {"value": "de_aml"}})
    first, second = a_block(claims={"given_name": None}), a_block(claims={"family_name": None})
    given = told([first, wrong, second])
    assert [set(block["claims"]) for block in given] == [{"given_name"}, {"family_name"}]
    assert set(told([wrong, second])["claims"]) == {"family_name"}
    assert told([wrong, wrong]) is None


# --- what does not fit ----------------------------------------------------------------------------

MISFITS: dict[str, object] = {
    "framework": {"trust_framework": {"value": "de_aml"}},
    "frameworks": {"trust_framework": {"values": ["de_aml", "nist_800_63A"]}},
    "level": {"trust_framework": None, "assurance_level": {"value": "low"}},
    "time": {"trust_framework": None, "time": {"max_age": 0.5, "value": "1970-01-01T00:00:00Z"}},
    "kind": {"evidence": [{"type": {"value": "electronic_record"}}]},
    "method": {"evidence": [{"check_details": [{"check_method": {"value": "pvp"}}]}]},
    "document": {"evidence": [{"document_details": {"type": {"value": "passport"}}}]},
    "country": {"evidence": [{"document_details": {"issuer": {"country_code": {"value": "NLD"}}}}]},
    "number": {"evidence": [{"document_details": {"document_number": {"value": "1"}}}]},
    "unknown": {"trust_framework": None, "verification_process": {"value": "x"}},
    "evidence as an object": {"evidence": {"type": {"value": "document"}}},
    "details as a list": {"evidence": [{"document_details": [{"type": {"value": "idcard"}}]}]},
    "unknown list": {"assurance_details": [{"assurance_type": {"value": "identity_evidence"}}]},
}


@pytest.mark.proves("identity-assurance.mismatch")
@pytest.mark.parametrize("case", MISFITS)
def test_a_verification_that_does_not_fit_leaves_everything_out(case: str) -> None:
    assert told(a_block(MISFITS[case])) is None
    assert offered_for(a_block(MISFITS[case])) == ()


def test_a_demand_that_is_met_is_no_hindrance() -> None:
    asked = {
        "trust_framework": {"values": ["de_aml", "eidas"]},
        "assurance_level": {"value": "high"},
        "time": {"max_age": 60},
        "evidence": [
            {"type": {"value": "vouch"}},
            {
                "type": {"value": "document"},
                "check_details": [{"check_method": {"values": ["pvp", "vcrypt"]}}],
                "document_details": {"type": {"values": ["passport", "idcard"]}},
            },
        ],
        "verification_process": None,
        "assurance_details": [{"assurance_type": None}],
    }
    verification = told(a_block(asked))["verification"]
    assert verification["evidence"][0]["document_details"] == {"type": "idcard"}
    assert "verification_process" not in verification
    assert "assurance_details" not in verification


def test_a_verification_that_is_too_long_ago_does_not_fit() -> None:
    phone = a_login(a_phone())
    asked = {"trust_framework": None, "time": {"max_age": 60}}
    assert told(a_block(asked), event=phone) is None
    asked = {"trust_framework": None, "time": {"max_age": 2 * DAY.total_seconds()}}
    assert told(a_block(asked), event=phone) is not None


@pytest.mark.proves("identity-assurance.unknown")
@pytest.mark.parametrize(
    "extra",
    [
        {"shoe_size": None},
        {"email": None},
        {"updated_at": None},
        {"given_name": {"value": "Piet"}},
        {"given_name": {"values": ["Piet", "Jan"], "essential": True}},
    ],
)
def test_a_claim_that_is_unknown_unproven_or_does_not_fit_is_left_out(
    extra: dict[str, object],
) -> None:
    assert set(told(a_block(claims={"family_name": None, **extra}))["claims"]) == {"family_name"}
    assert told(a_block(claims=extra)) is None


def test_a_claim_asked_with_its_own_value_is_given() -> None:
    assert told(a_block(claims={"given_name": {"value": "Anaïs"}}))["claims"] == {
        "given_name": "Anaïs"
    }


@pytest.mark.parametrize("claims", [None, {}])
def test_a_block_that_asks_for_no_claim_is_left_out(claims: object) -> None:
    assert told({"verification": {"trust_framework": None}, "claims": claims}) is None


@pytest.mark.parametrize(
    "element",
    [
        "yes",
        7,
        [["given_name"]],
        {"verification": "eidas", "claims": NAMES},
        {"verification": {"trust_framework": "eidas"}, "claims": NAMES},
        {"verification": {"time": {"max_age": "long"}}, "claims": NAMES},
        {"verification": {"time": {"max_age": True}}, "claims": NAMES},
        {"verification": {"time": {"max_age": -1}}, "claims": NAMES},
        {"verification": {"trust_framework": {"values": []}}, "claims": NAMES},
        {"verification": {"trust_framework": {"values": "eidas"}}, "claims": NAMES},
        {"verification": {"trust_framework": {"essential": 1}}, "claims": NAMES},
        {"verification": {"evidence": ["document"]}, "claims": NAMES},
        {"verification": {"evidence": [{}] * 17}, "claims": NAMES},
        {"verification": {}, "claims": ["given_name"]},
        [{"verification": {}, "claims": NAMES}] * 9,
    ],
)
def test_what_is_no_such_request_is_refused(element: object) -> None:
    with pytest.raises(Refused) as caught:
        read_claims(json.dumps({"userinfo": {"verified_claims": element}}))
    assert caught.value.problem is INVALID_REQUEST


# --- who stands behind it -------------------------------------------------------------------------


def test_a_phone_says_when_its_card_was_checked_and_no_more_than_it_is_sure_of() -> None:
    given = told(a_block(FULL, {**NAMES, "valid_to": None}), event=a_login(a_phone()))
    when = (START - DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert given["verification"] == {
        "trust_framework": "eidas",
        "assurance_level": "substantial",
        "time": when,
        "evidence": [
            {"type": "document", "check_details": [{"check_method": "vcrypt", "time": when}]}
        ],
    }
    assert set(given["claims"]) == set(NAMES)


def test_a_one_time_code_traces_to_its_card_too() -> None:
    evidence = OtpEvidence(enrolled_at=START - DAY, card_fingerprint="ab")
    assert told(a_block(), event=a_login(evidence)) is not None


@pytest.mark.parametrize("evidence", [SeededEvidence(username="nora"), a_phone(enrolled_at=None)])
def test_where_no_card_is_known_nothing_is_verified(evidence: Evidence) -> None:
    assert told(a_block(), event=a_login(evidence)) is None


# --- by a purpose and an agreement ----------------------------------------------------------------


def test_what_no_purpose_entitles_is_not_verified_either() -> None:
    names = Purpose(name="names", reason={"en": "why"}, claims=("given_name",))
    given = told(a_block(FULL, {"given_name": None, "rrn": None}), names)
    assert given["claims"] == {"given_name": "Anaïs"}
    assert "document_details" not in given["verification"]["evidence"][0]
    demanded = {"evidence": [{"document_details": {"type": {"value": "idcard"}}}]}
    assert told(a_block(demanded), names) is None


def test_an_ended_purpose_entitles_nothing() -> None:
    over = replace(EVERYTHING, expires_at=START)
    assert told(a_block(), over) is None


def test_only_what_was_agreed_to_leaves() -> None:
    offered = {offer.name for offer in offered_for(a_block(FULL))}
    assert offered == {
        "verified_claims/given_name",
        "verified_claims/family_name",
        "verified_claims/evidence/document_type",
        "verified_claims/evidence/issuing_country",
    }
    given = told(a_block(FULL), agreed=("verified_claims/given_name", "family_name"))
    assert given["claims"] == {"given_name": "Anaïs"}
    assert "document_details" not in given["verification"]["evidence"][0]
    assert told(a_block(FULL), agreed=("given_name", "family_name")) is None
    demanded = {"evidence": [{"document_details": {"type": {"value": "idcard"}}}]}
    assert told(a_block(demanded), agreed=("verified_claims/given_name",)) is None


def test_a_claim_leaves_a_grant_when_its_purpose_ends() -> None:
    names = Purpose(
        name="names", reason={"en": "why"}, claims=("given_name",), expires_at=START + MINUTE
    )
    card = Purpose(
        name="card", reason={"en": "why"}, claims=("family_name", "document_type"), expires_at=None
    )
    client = a_client(purposes=(names, card))
    kept = {"verified_claims": told(a_block(FULL), names, card), "given_name": "Anaïs"}
    assert names_in(kept) == (
        "given_name",
        "verified_claims/evidence/document_type",
        "verified_claims/family_name",
        "verified_claims/given_name",
    )
    before = in_force(kept, client, now=START, issuer=ISSUER)
    assert before == kept
    later = in_force(kept, client, now=START + MINUTE, issuer=ISSUER)
    assert later.keys() == {"verified_claims"}
    assert names_in(later) == (
        "verified_claims/evidence/document_type",
        "verified_claims/family_name",
    )
    none = in_force(kept, a_client(purposes=(names,)), now=START, issuer=ISSUER)
    assert names_in(none) == ("given_name", "verified_claims/given_name")
    evidence: Any = none["verified_claims"]
    assert "document_details" not in evidence["verification"]["evidence"][0]


NAMED = st.sampled_from(
    (
        *FULL,
        *("type", "check_details", "check_method", "document_details", "issuer", "country_code"),
        *("document_number", "value", "values", "max_age", "essential", "assurance_process"),
    )
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | NAMED
TEMPLATES = st.recursive(
    LEAVES | st.sampled_from(["eidas", "high", "document", "vcrypt", "idcard", "BEL"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMED, inner, max_size=5),
    max_leaves=12,
)


def leaves_of(told: Any) -> set[str]:
    if isinstance(told, dict):
        return {leaf for one in told.values() for leaf in leaves_of(one)}
    if isinstance(told, list):
        return {leaf for one in told for leaf in leaves_of(one)}
    return {str(told)}


@given(verification=st.dictionaries(NAMED, TEMPLATES, max_size=6))
def test_whatever_is_asked_of_a_verification_nothing_but_the_truth_is_told(
    verification: dict[str, Any],
) -> None:
    try:
        answer = told(a_block(verification))
    except Refused as refused:
        if refused.problem is not INVALID_REQUEST:
            raise
        return
    if answer is None:
        return
    truth = told(a_block(FULL))["verification"]
    assert leaves_of(answer["verification"]) <= leaves_of(truth)
    assert set(answer["verification"]) <= {"trust_framework", *verification}
    assert set(answer["claims"]) == set(NAMES)


def test_a_verified_fact_of_the_files_is_read_like_any_other() -> None:
    asked = a_block({"evidence": [{"document_details": {"document_number": None}}]})
    asked["claims"] = {"birthdate": None}
    parameter = read_claims(json.dumps({"userinfo": {"verified_claims": asked}}))
    request = a_request(userinfo_verified=parameter.userinfo_verified)
    reading = reading_of(request, a_client(purposes=(EVERYTHING,)), now=START, issuer=ISSUER)
    assert reading is not None
    assert reading.facts == {"birthdate", "document_number"}
    assert not reading.needed
