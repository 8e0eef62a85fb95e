"""Tokens through the browser: what is tried where they are offered, and where they are not (RU-15).

The switch, the registration and the request must all say so; and whatever is bent on the way to the
authorization endpoint brings no token into a place where somebody else reads.
"""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from idp.domain.certificate_use import CertificateUse
from idp.domain.client import Purpose
from idp.domain.forms import Encryption, Forms
from idp.domain.response_type import ResponseType
from tests.attacks.profiles.bank import KEY
from tests.flows.implicit.front import FRONT, FrontHouse, redeemed, told, userinfo
from tests.flows.phone.house import AN, CALLBACK, ISSUER, House, claims_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.flows.phone.house import Browser

WITH_TOKEN = tuple(kind for kind in FRONT if kind.issues_token)
WITH_ID_TOKEN = tuple(kind for kind in FRONT if kind.issues_id_token)
CARRIED = {"code", "id_token", "access_token", "response"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[FrontHouse]:
    made = FrontHouse(tmp_path)
    yield made
    made.close()


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[House]:
    """A house that nobody told to offer anything, with a row that asks for all of it."""
    made = House(tmp_path)
    made.register(response_types=tuple(ResponseType))
    yield made
    made.close()


def in_query(browser: Browser) -> dict[str, str]:
    where = urlsplit(str(browser.answer.headers["Location"]))
    assert where.geturl().startswith(f"{CALLBACK}?")
    assert not where.fragment
    return dict(parse_qsl(where.query))


# --- where it is off ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*FRONT, "token", "none", "id_token code"])
@pytest.mark.parametrize("mode", [None, "form_post", "query"])
def test_off_means_off_whatever_is_registered(plain: House, kind: str, mode: str | None) -> None:
    more = {} if mode is None else {"response_mode": mode}
    browser = plain.browser().open(response_type=kind, nonce="n", **more)
    if mode == "form_post":
        assert 'value="unsupported_response_type"' in browser.page
    else:
        assert in_query(browser)["error"] == "unsupported_response_type"


@pytest.mark.parametrize("mode", ["fragment", "fragment.jwt"])
def test_off_knows_no_fragment_either(plain: House, mode: str) -> None:
    assert in_query(plain.browser().open(response_mode=mode))["error"] == "invalid_request"
    both = plain.browser().open(response_type="id_token", response_mode=mode, nonce="n")
    assert in_query(both)["error"] == "invalid_request"
    said = plain.browser().http.get("/.well-known/openid-configuration", base_url=ISSUER).json
    assert said["response_types_supported"] == ["code"]
    assert mode not in said["response_modes_supported"]
    assert "implicit" not in said["grant_types_supported"]


# --- where it is on -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WITH_ID_TOKEN)
@pytest.mark.proves("implicit.nonce")
def test_an_id_token_without_a_nonce_is_refused(house: FrontHouse, kind: ResponseType) -> None:
    for nonce in ({}, {"nonce": ""}):
        answer = told(house.browser().open(response_type=kind, **nonce))
        assert answer["error"] == "invalid_request"
        assert not CARRIED & answer.keys()


@pytest.mark.proves("implicit.nonce")
def test_a_token_beside_a_code_needs_no_nonce(house: FrontHouse) -> None:
    house.ask("code")
    browser = house.browser().open(response_type="code token")
    browser.choose("seeded").submit("seeded", username="an")
    assert "access_token" in told(browser)


@pytest.mark.parametrize("kind", FRONT)
def test_a_type_that_is_not_registered_is_refused(house: FrontHouse, kind: ResponseType) -> None:
    others = tuple(one for one in ResponseType if one is not kind)
    house.register(response_types=others)
    answer = told(house.ask(kind))
    assert answer["error"] == "unauthorized_client"
    assert not CARRIED & answer.keys()


def test_a_client_of_the_implicit_flow_gets_no_code(house: FrontHouse) -> None:
    house.register(response_types=(ResponseType.ID_TOKEN,), grant_types=("implicit",))
    assert in_query(house.browser().open())["error"] == "unauthorized_client"


@pytest.mark.parametrize("kind", FRONT)
@pytest.mark.parametrize("mode", ["query", "query.jwt"])
def test_tokens_never_stand_in_a_query(house: FrontHouse, kind: ResponseType, mode: str) -> None:
    answer = told(house.ask(kind, response_mode=mode))
    assert answer["error"] == "invalid_request"
    assert not CARRIED & answer.keys()


@pytest.mark.parametrize("mode", ["fragment", "fragment.jwt"])
def test_a_code_alone_is_never_put_where_scripts_read(house: FrontHouse, mode: str) -> None:
    """Whoever bends a victim's request so finds the code unused in the e-service's address."""
    assert in_query(house.browser().open(response_mode=mode))["error"] == "invalid_request"


def test_tokens_stand_in_the_query_where_only_the_client_can_read_them(house: FrontHouse) -> None:
    jwk = {**KEY.as_dict(private=False), "use": "enc", "alg": "ECDH-ES", "kid": "enc"}
    forms = Forms(answer_encryption=Encryption(algorithm="ECDH-ES", content="A256GCM"))
    house.register(jwks={"keys": [jwk]}, forms=forms)
    answer = in_query(house.ask("code id_token", response_mode="query.jwt"))
    assert answer.keys() == {"response"}
    assert answer["response"].count(".") == 4


@pytest.mark.parametrize("kind", WITH_TOKEN)
@pytest.mark.parametrize(
    "bound", [{"bound_tokens": True}, {"certificates": CertificateUse(bound=True)}], ids=str
)
def test_no_bearer_token_goes_to_a_client_whose_tokens_are_bound(
    house: FrontHouse, kind: ResponseType, bound: dict[str, object]
) -> None:
    house.register(**bound)
    answer = told(house.ask(kind))
    assert answer["error"] == "invalid_request"
    assert "bound to a key" in answer["error_description"]
    assert "id_token" in told(house.ask("code id_token"))


@pytest.mark.parametrize("kind", FRONT)
def test_nothing_but_a_code_goes_to_an_apps_own_scheme(
    house: FrontHouse, kind: ResponseType
) -> None:
    app = "be.example.app:/cb"
    house.register(redirect_uris=(app,))
    browser = house.browser().open(response_type=kind, nonce="n", redirect_uri=app)
    assert "error=unauthorized_client" in browser.answer.headers["Location"]


@pytest.mark.parametrize("kind", [one for one in WITH_TOKEN if one.issues_code])
def test_a_code_that_comes_back_ends_the_token_that_left_beside_it(
    house: FrontHouse, kind: ResponseType
) -> None:
    answer = told(house.ask(kind))
    tokens = redeemed(house, answer["code"]).json
    assert userinfo(house, answer["access_token"]).status_code == 200
    assert redeemed(house, answer["code"]).json["error"] == "invalid_grant"
    assert userinfo(house, answer["access_token"]).status_code == 401
    assert userinfo(house, tokens["access_token"]).status_code == 401
    assert "code.reused" in house.audited()


def test_a_code_tried_with_a_wrong_verifier_and_again_ends_the_token_too(house: FrontHouse) -> None:
    answer = told(house.ask("code token"))
    assert redeemed(house, answer["code"], code_verifier="w" * 43).status_code == 400
    assert redeemed(house, answer["code"]).json["error"] == "invalid_grant"
    assert userinfo(house, answer["access_token"]).status_code == 401


def test_a_code_without_its_challenge_is_refused_in_the_fragment(house: FrontHouse) -> None:
    browser = house.browser().open(
        response_type="code id_token", nonce="n", code_challenge_method="plain"
    )
    assert told(browser)["error"] == "invalid_request"


def test_a_grant_that_ended_takes_the_code_beside_it_along(house: FrontHouse) -> None:
    answer = told(house.ask("code token"))
    with house.services.ledger.begin() as unit:
        unit.grants.end_by_person(AN, at=house.at)
    assert redeemed(house, answer["code"]).json["error"] == "invalid_grant"
    assert userinfo(house, answer["access_token"]).status_code == 401


def test_a_token_of_the_front_lives_five_minutes_whatever_the_settings_say(
    house: FrontHouse,
) -> None:
    answer = told(house.ask("id_token token"))
    assert house.services.settings.lifetimes.access_token > timedelta(minutes=5)
    house.wait(timedelta(minutes=5))
    assert userinfo(house, answer["access_token"]).status_code == 401


def test_a_national_number_never_stands_in_an_address(house: FrontHouse) -> None:
    number = Purpose(
        name="register",
        reason={"en": "By law."},
        claims=("rrn", "given_name"),
        authorisation="KB 1",
    )
    house.register(purposes=(number,), scopes=("openid", "be:rrn"))
    house.numbered("85073003328")
    voluntary = json.dumps({"id_token": {"rrn": None, "given_name": None}})
    answer = told(house.ask("code id_token", scope="openid be:rrn", claims=voluntary))
    assert claims_of(answer)["given_name"] == "An"
    assert "rrn" not in claims_of(answer)
    tokens = redeemed(house, answer["code"]).json
    assert userinfo(house, tokens["access_token"]).json["rrn"] == "85073003328"
    essential = json.dumps({"id_token": {"rrn": {"essential": True}}})
    assert told(house.ask("id_token", scope="openid", claims=essential))["error"] == "access_denied"


def test_a_type_taken_out_during_the_login_is_answered_no_more(house: FrontHouse) -> None:
    browser = house.browser().open(response_type="id_token", nonce="n")
    browser.choose("seeded").submit("seeded", username="an")
    house.register(response_types=(ResponseType.CODE,))
    browser.agree()
    assert "Location" not in browser.answer.headers
    assert browser.answer.status_code == 400


def test_nothing_of_an_answer_stands_in_the_log(
    house: FrontHouse, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = told(house.ask("code id_token token"))
        redeemed(house, answer["code"])
    written = caplog.text
    assert not [name for name in CARRIED & answer.keys() if answer[name] in written]
