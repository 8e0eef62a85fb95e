"""Verified claims: what the card proved, told as asked and no further, and only as agreed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.client import Purpose
from idp.domain.event import (
    CardEvidence,
    OtpEvidence,
    SeededEvidence,
)
from idp.domain.reading import reading_of
from idp.domain.verified_claims import in_force, names_in
from idp.oidc.claims_parameter import read_claims
from tests.contract.store.stand_ins import MINUTE, START, a_client
from tests.unit.domain.test_claims import EVERYTHING, ISSUER, a_request
from tests.unit.domain.verifying import (
    DAY,
    FULL,
    NAMES,
    a_block,
    a_login,
    a_phone,
    offered_for,
    told,
)

if TYPE_CHECKING:
    from idp.domain.event import Evidence

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


def test_a_verified_fact_of_the_files_is_read_like_any_other() -> None:
    asked = a_block({"evidence": [{"document_details": {"document_number": None}}]})
    asked["claims"] = {"birthdate": None}
    parameter = read_claims(json.dumps({"userinfo": {"verified_claims": asked}}))
    request = a_request(userinfo_verified=parameter.userinfo_verified)
    reading = reading_of(request, a_client(purposes=(EVERYTHING,)), now=START, issuer=ISSUER)
    assert reading is not None
    assert reading.facts == {"birthdate", "document_number"}
    assert not reading.needed
