"""Verified claims over real HTTP: shown as such, told where asked, and of a card alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.world.client import walk
from tests.world.scripted_card import choose_card, sign_with_card

if TYPE_CHECKING:
    from tests.world.client import Client, Tokens
    from tests.world.scripted import Browser, Page
    from tests.world.shops import Shops

FRAMEWORK = "simulated_eidas"
EVIDENCE = [
    {
        "type": {"value": "document"},
        "check_details": [{"check_method": None, "time": None}],
        "document_details": {"type": None},
    }
]
BOTH = {
    "id_token": {
        "verified_claims": {
            "verification": {"trust_framework": {"value": FRAMEWORK}, "assurance_level": None},
            "claims": {"given_name": None, "shoe_size": {"essential": True}},
        }
    },
    "userinfo": {
        "verified_claims": [
            {
                "verification": {"trust_framework": None, "evidence": EVIDENCE},
                "claims": {"family_name": {"essential": False}, "birthdate": {}},
            },
            {"verification": {"trust_framework": {"value": "eidas"}}, "claims": {"name": None}},
        ]
    },
}


@pytest.fixture
def stranger(made: Shops) -> Client:
    """A client that nobody has agreed to anything with before."""
    return made.add(f"stranger-{len(made.known)}")


def opened(made: Shops, shop: Client, browser: Browser, claims: Any, card: str) -> tuple[Page, Any]:
    page, asked = shop.open(browser, scope="openid", claims=json.dumps(claims))
    world = made.world.world
    return sign_with_card(choose_card(page), world.card(card), pin=world.people.pin), asked


def card_tokens(made: Shops, shop: Client, browser: Browser, claims: Any) -> Tokens:
    page, asked = opened(made, shop, browser, claims, "moved")
    return shop.answered(walk(page), asked).tokens()


@pytest.mark.proves("identity-assurance.asked", "identity-assurance.metadata")
def test_what_the_card_proved_is_told_where_it_was_asked_and_as_far(
    made: Shops, shop: Client, browser: Browser
) -> None:
    tokens = card_tokens(made, shop, browser, BOTH)
    in_token, told = tokens.claims["verified_claims"], tokens.info()["verified_claims"]
    assert in_token["verification"] == {"trust_framework": FRAMEWORK, "assurance_level": "high"}
    assert in_token["claims"].keys() == {"given_name"}
    assert told["claims"].keys() == {"family_name", "birthdate"}
    assert told["claims"]["birthdate"] == "1982-12-03"
    [evidence] = told["verification"]["evidence"]
    assert evidence["document_details"] == {"type": "idcard"}
    assert evidence["check_details"][0]["check_method"] == "vcrypt"
    assert tokens.info().keys() == {"sub", "verified_claims"}
    metadata = made.metadata()
    names = {*in_token["claims"], *told["claims"]}
    assert names <= set(metadata["claims_in_verified_claims_supported"])
    assert "email" not in metadata["claims_in_verified_claims_supported"]
    assert metadata["verified_claims_supported"] is True
    assert metadata["trust_frameworks_supported"] == [FRAMEWORK]
    assert metadata["evidence_supported"] == ["document"]
    assert "idcard" in metadata["documents_supported"]
    assert metadata["documents_check_methods_supported"] == ["vcrypt"]


@pytest.mark.proves("identity-assurance.agreed")
def test_the_citizen_sees_what_leaves_as_verified_and_may_keep_it(
    made: Shops, stranger: Client, browser: Browser
) -> None:
    page, asked = opened(made, stranger, browser, BOTH, "moved")
    assert page.text.count("Verified with your eID card") == 4
    assert "when and how your card was checked" in page.text
    kept = {"claim.verified_claims/family_name": None, "claim.verified_claims/birthdate": None}
    tokens = stranger.answered(page.form("consent").submit(**kept), asked).tokens()
    assert tokens.claims["verified_claims"]["claims"].keys() == {"given_name"}
    assert tokens.info().keys() == {"sub"}


def test_an_agreement_to_the_plain_claim_is_none_to_the_verified_one(
    made: Shops, stranger: Client, browser: Browser
) -> None:
    plain = {"userinfo": {"given_name": None}}
    page, asked = opened(made, stranger, browser, plain, "moved")
    stranger.answered(walk(page, remember=True), asked)
    verified = {"userinfo": {"verified_claims": {"claims": {"given_name": None}}}}
    page, _ = stranger.open(browser, scope="openid", claims=json.dumps(verified))
    assert "Verified with your eID card" in page.text


@pytest.mark.proves("identity-assurance.unproven")
def test_of_a_seeded_person_nothing_is_verified(shop: Client, browser: Browser) -> None:
    tokens = shop.log_in(browser, scope="openid", claims=json.dumps(BOTH)).tokens()
    assert "verified_claims" not in tokens.claims
    assert "verified_claims" not in tokens.info()
