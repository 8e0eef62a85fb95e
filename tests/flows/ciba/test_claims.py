"""The ``claims`` parameter behind the browser's back: as at the authorization endpoint."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.client import Purpose
from tests.flows.phone.house import claims_of

if TYPE_CHECKING:
    from tests.flows.ciba.asker import Asker

SUBSTANTIAL = "http://eidas.europa.eu/NotNotified/LoA/substantial"
HIGH = "http://eidas.europa.eu/NotNotified/LoA/high"
VERIFICATION = {"trust_framework": None, "assurance_level": None, "time": None}


def asking(claims: Any) -> str:
    return json.dumps(claims)


def block(*names: str, **verification: Any) -> dict[str, Any]:
    return {
        "verified_claims": {
            "verification": {**VERIFICATION, **verification},
            "claims": dict.fromkeys(names),
        }
    }


@pytest.mark.proves("identity-assurance.asked")
def test_what_the_card_behind_the_phone_proved_is_told_where_it_was_asked(shop: Asker) -> None:
    phone = shop.house.phone()
    claims = {"id_token": block("given_name", "shoe_size"), "userinfo": block("given_name")}
    asked = shop.ask(scope="openid", claims=asking(claims))
    shown = shop.approved_by(phone)
    assert [one["name"] for one in shown["claims"]] == ["given_name"]
    tokens = shop.tokens(asked)
    told = shop.userinfo(tokens["access_token"]).json
    for found in (claims_of(tokens)["verified_claims"], told["verified_claims"]):
        assert found["claims"] == {"given_name": "An"}
        assert found["verification"]["trust_framework"]
        assert found["verification"]["assurance_level"] == "substantial"
    assert told.keys() == {"sub", "verified_claims"}


def test_what_no_purpose_entitles_is_verified_for_nobody(shop: Asker) -> None:
    phone = shop.house.phone()
    asked = shop.ask(scope="openid", claims=asking({"id_token": block("family_name")}))
    assert shop.approved_by(phone)["claims"] == []
    assert "verified_claims" not in claims_of(shop.tokens(asked))


def test_a_verification_that_differs_from_what_is_asked_gives_nothing(shop: Asker) -> None:
    phone = shop.house.phone()
    other = block("given_name", trust_framework={"value": "de_aml"})
    asked = shop.ask(scope="openid", claims=asking({"id_token": other}))
    shop.approved_by(phone)
    assert "verified_claims" not in claims_of(shop.tokens(asked))


def test_what_was_not_shown_does_not_leave_though_a_purpose_came_meanwhile(shop: Asker) -> None:
    phone = shop.house.phone()
    asked = shop.ask(
        scope="openid", claims=asking({"id_token": block("given_name", "family_name")})
    )
    shop.approved_by(phone)
    names = ("given_name", "family_name")
    shop.register(purposes=(Purpose(name="order", reason={"en": "To ship."}, claims=names),))
    found = claims_of(shop.tokens(asked))["verified_claims"]
    assert found["claims"] == {"given_name": "An"}


def test_what_a_purpose_no_longer_entitles_does_not_leave(shop: Asker) -> None:
    phone = shop.house.phone()
    asked = shop.ask(scope="openid", claims=asking({"id_token": block("given_name")}))
    shop.approved_by(phone)
    shop.register(purposes=())
    assert "verified_claims" not in claims_of(shop.tokens(asked))


def test_a_plain_claim_is_asked_so_too_and_told_in_the_id_token(shop: Asker) -> None:
    phone = shop.house.phone()
    asked = shop.ask(scope="openid", claims=asking({"id_token": {"given_name": None}}))
    shop.approved_by(phone)
    claims = claims_of(shop.tokens(asked))
    assert claims["given_name"] == "An"
    assert "verified_claims" not in claims


def test_a_signed_request_asks_alike(shop: Asker) -> None:
    shop.register(backchannel_signing_algorithm="ES256")
    phone = shop.house.phone()
    request = shop.signed(claims={"id_token": block("given_name")})
    answer = shop.post("/bc-authorize", {"request": request})
    assert answer.status_code == 200, answer.text
    shop.approved_by(phone)
    found = claims_of(shop.tokens(answer.json["auth_req_id"]))["verified_claims"]
    assert found["claims"] == {"given_name": "An"}


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ("not JSON", "invalid_request"),
        ('{"id_token":{"given_name":null,"given_name":null}}', "invalid_request"),
        (asking({"id_token": {"sub": {"value": "somebody-else"}}}), "invalid_request"),
        (
            asking({"id_token": {"acr": {"essential": True, "value": HIGH}}}),
            "unmet_authentication_requirements",
        ),
        (
            asking({"id_token": {"acr": {"essential": True, "value": "urn:x"}}}),
            "unmet_authentication_requirements",
        ),
    ],
)
def test_what_cannot_be_answered_is_refused_at_once(shop: Asker, claims: str, error: str) -> None:
    answer = shop.send(claims=claims)
    assert answer.json["error"] == error


def test_the_level_and_the_person_may_be_asked_as_claims(shop: Asker) -> None:
    phone = shop.house.phone()
    login = {"acr": {"essential": True, "value": SUBSTANTIAL}, "sub": {"value": shop.subject}}
    asked = shop.ask(claims=asking({"id_token": login}))
    assert shop.approved_by(phone)["acr"] == SUBSTANTIAL
    claims = claims_of(shop.tokens(asked))
    assert (claims["sub"], claims["acr"]) == (shop.subject, SUBSTANTIAL)
