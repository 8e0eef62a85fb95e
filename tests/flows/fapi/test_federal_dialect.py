"""The profile ``fas``: an e-service that speaks the federal dialect, and is held to it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.client import Pkce, Purpose
from idp.domain.forms import Forms
from idp.domain.object_use import ObjectUse
from idp.domain.profile import Profile
from idp.domain.response_type import ResponseType
from idp.errors import RULE_REFUSALS, Place
from idp.oidc.object_offers import ObjectOffers
from idp.oidc.profiles.keeping import PROFILES
from idp.oidc.registration.faults import RegistrationRefused
from idp.oidc.registration.policy import policy_of
from idp.oidc.registration.rules import register
from tests.flows.phone.house import CALLBACK, ISSUER, House, claims_of
from tests.world.client import REASON

if TYPE_CHECKING:
    from collections.abc import Iterator

LEVEL = "urn:be:fedict:iam:fas:citizen:Level"
EIDAS = "http://eidas.europa.eu/LoA/substantial"
HELD = {(rule.name, place) for rule in PROFILES[Profile.FAS].rules for place in rule.places}
PURPOSE = Purpose(name="greeting", reason=REASON, claims=("surname", "given_name"))
FEDERAL: dict[str, Any] = {
    "profile": Profile.FAS,
    "forms": Forms(userinfo_algorithm="ES256"),
    "scopes": ("openid", "profile", "email"),
    "purposes": (PURPOSE,),
}


@pytest.fixture(scope="module")
def whole_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("federal"))
    yield made
    made.close()


@pytest.fixture
def house(whole_house: House) -> House:
    whole_house.register(**FEDERAL)
    return whole_house


def logged_in(house: House, **asked: str) -> dict[str, Any]:
    browser = house.browser().open(**asked).choose("seeded").submit("seeded", username="an")
    return (browser.agree() if "/consent" in browser.page else browser).tokens()


def told(house: House, **asked: str) -> str:
    return house.browser().open(**asked).told["error_description"]


def test_levels_and_userinfo_are_told_in_the_federal_words(house: House) -> None:
    tokens = logged_in(house)
    assert claims_of(tokens)["acr"].startswith(LEVEL)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    answer = house.browser().http.get("/userinfo", headers=headers, base_url=ISSUER)
    assert answer.headers["Content-Type"] == "application/jwt"
    payload = answer.text.split(".")[1]
    info = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert (info["surname"], info["givenName"]) == ("Peeters", "An")
    assert info["aud"] == "shop"
    assert {"family_name", "given_name", "name"}.isdisjoint(info)


def test_a_level_that_was_asked_by_its_federal_name_comes_back_by_it(house: House) -> None:
    tokens = logged_in(house, acr_values=f"{LEVEL}300", prompt="login")
    assert claims_of(tokens)["acr"] == f"{LEVEL}300"


def test_other_words_for_levels_are_refused_by_the_name_of_the_rule(house: House) -> None:
    assert told(house, acr_values=EIDAS) == "profile fas rule levels"
    assert told(house, acr_values=f"{LEVEL}400 eidas2") == "profile fas rule levels"
    house.register(**{**FEDERAL, "profile": Profile.DEFAULT})
    assert house.browser().open(acr_values=EIDAS).login


def test_nothing_but_a_code_is_answered(house: House) -> None:
    assert told(house, response_type="id_token") == "profile fas rule code-only"


def test_a_challenge_is_sent_always(house: House) -> None:
    said = told(house, code_challenge_method="plain")
    assert said == "profile fas rule pkce-s256"


@pytest.mark.parametrize(
    ("rule", "weaker", "row"),
    [
        ("pkce-s256", {"pkce": "optional"}, {"pkce": Pkce.OPTIONAL}),
        (
            "code-only",
            {"response_types": ["id_token"], "grant_types": ["implicit"]},
            {"response_types": (ResponseType.ID_TOKEN,)},
        ),
        (
            "signed-objects",
            {"request_object_signing_alg": "none"},
            {"objects": ObjectUse(algorithm="none")},
        ),
        ("scopes", {"scope": "openid be:eid"}, {"scopes": ("openid", "be:eid")}),
        ("signed-userinfo", {"userinfo_signed_response_alg": None}, {"forms": Forms()}),
        ("levels", {"minimum_acr": EIDAS}, {"minimum_acr": EIDAS}),
    ],
)
def test_a_registration_that_leaves_the_dialect_is_refused(
    house: House, rule: str, weaker: dict[str, Any], row: dict[str, Any]
) -> None:
    whole = {
        "client_id": "shop",
        "client_name": {"en": "Shop"},
        "profile": "fas",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "client_secret_basic",
        "scope": "openid profile",
        "userinfo_signed_response_alg": "ES256",
        "minimum_acr": f"{LEVEL}100",
    }
    policy = replace(
        policy_of(house.services.settings),
        response_types=tuple(ResponseType),
        objects=ObjectOffers(unsigned=True),
    )
    assert register(whole, policy, now=house.at).profile is Profile.FAS
    changed = {name: one for name, one in {**whole, **weaker}.items() if one is not None}
    with pytest.raises(RegistrationRefused) as caught:
        register(changed, policy, now=house.at)
    said = {fault.says.partition(":")[0] for fault in caught.value.faults}
    assert f"profile fas rule {rule}" in said
    house.register(**{**FEDERAL, **row})
    answer = house.browser().http.post("/par", data={"client_id": "shop"}, base_url=ISSUER)
    assert answer.json["error_description"] == f"profile fas rule {rule}"


def test_every_rule_has_its_refusal_and_stands_in_this_file() -> None:
    named = {(rule, place) for profile, rule, place in RULE_REFUSALS if profile == "fas"}
    assert named == HELD
    assert {rule for rule, place in HELD if place is Place.REGISTRATION} == {
        *("code-only", "pkce-s256", "signed-objects", "scopes", "signed-userinfo", "levels")
    }
