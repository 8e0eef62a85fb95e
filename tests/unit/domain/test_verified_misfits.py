"""Verified claims: what does not fit is left out, and nothing but the truth is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.errors import INVALID_REQUEST, Refused
from idp.oidc.claims_parameter import read_claims
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
