"""What comes back from the authorization endpoint beside a code, and what it is good for."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.client import Purpose
from idp.domain.forms import AccessTokenFormat, Forms
from idp.domain.response_type import ResponseType
from tests.flows.implicit.front import FRONT, NONCE, FrontHouse, posted, redeemed, told, userinfo
from tests.flows.phone.house import AN, CALLBACK, ISSUER, claims_of
from tests.world.client import opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WITH_CODE = tuple(kind for kind in FRONT if kind.issues_code)
WITH_TOKEN = tuple(kind for kind in FRONT if kind.issues_token)
WITH_ID_TOKEN = tuple(kind for kind in FRONT if kind.issues_id_token)
REASON = {"en": "To ship your order."}
PEOPLE = (Purpose(name="order", reason=REASON, claims=("given_name", "egovNRN")),)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[FrontHouse]:
    made = FrontHouse(tmp_path)
    yield made
    made.close()


def half(text: str) -> str:
    """The left half of a SHA-256 (OpenID Connect Core 3.3.2.11), by hand."""
    digest = hashlib.sha256(text.encode()).digest()[:16]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def verified(house: FrontHouse, id_token: str) -> dict[str, Any]:
    """The claims of an ID token that a published key signed."""
    published = house.browser().http.get("/jwks", base_url=ISSUER).json
    return opened(id_token, published, algorithm="ES256")


@pytest.mark.parametrize("kind", FRONT)
@pytest.mark.proves("implicit.fragment")
def test_each_type_answers_what_its_words_say_and_all_of_it_works(
    house: FrontHouse, kind: ResponseType
) -> None:
    answer = told(house.ask(kind))
    words = set(kind.split())
    assert {"code", "id_token", "access_token"} & answer.keys() == {
        "access_token" if word == "token" else word for word in words
    }
    assert (answer["state"], answer["iss"]) == ("state-1", ISSUER)
    if kind.issues_token:
        assert (answer["token_type"], answer["expires_in"]) == ("Bearer", "300")
        assert userinfo(house, answer["access_token"]).json["given_name"] == "An"
    if kind.issues_code:
        assert redeemed(house, answer["code"]).status_code == 200


@pytest.mark.parametrize("kind", WITH_ID_TOKEN)
@pytest.mark.proves("implicit.hashes")
def test_an_id_token_vouches_for_all_that_comes_with_it(
    house: FrontHouse, kind: ResponseType
) -> None:
    answer = told(house.ask(kind))
    claims = verified(house, answer["id_token"])
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (ISSUER, "shop", NONCE)
    beside = {"at_hash": "access_token", "c_hash": "code", "s_hash": "state"}
    wanted = {name: half(answer[of]) for name, of in beside.items() if of in answer}
    assert {name: claims[name] for name in beside if name in claims} == wanted
    assert claims["auth_time"] == int(house.at.timestamp())


@pytest.mark.parametrize("kind", WITH_CODE)
@pytest.mark.proves("implicit.same-subject")
def test_both_id_tokens_name_the_same_person_and_login(
    house: FrontHouse, kind: ResponseType
) -> None:
    answer = told(house.ask(kind))
    tokens = redeemed(house, answer["code"]).json
    second = claims_of(tokens)
    assert second["nonce"] == NONCE
    assert second["at_hash"] == half(tokens["access_token"])
    assert {"c_hash", "s_hash"}.isdisjoint(second)
    if kind.issues_id_token:
        first = verified(house, answer["id_token"])
        same = ("iss", "sub", "aud", "sid", "auth_time", "acr", "amr", "nonce")
        assert {name: first[name] for name in same} == {name: second[name] for name in same}
    if kind.issues_token:
        assert tokens["access_token"] != answer["access_token"]
        infos = [userinfo(house, one["access_token"]).json for one in (answer, tokens)]
        assert infos[0] == infos[1]


@pytest.mark.parametrize("kind", WITH_ID_TOKEN)
@pytest.mark.proves("implicit.claims-in-id-token")
def test_claims_of_scopes_stand_in_the_id_token_where_nothing_else_tells_them(
    house: FrontHouse, kind: ResponseType
) -> None:
    claims = verified(house, told(house.ask(kind))["id_token"])
    assert ("given_name" in claims) is (kind is ResponseType.ID_TOKEN)


@pytest.mark.proves("implicit.claims-in-id-token")
def test_what_is_asked_at_userinfo_is_not_asked_where_that_is_out_of_reach(
    house: FrontHouse,
) -> None:
    asked = json.dumps({"userinfo": {"given_name": {"essential": True}}})
    claims = verified(house, told(house.ask("id_token", scope="openid", claims=asked))["id_token"])
    assert "given_name" not in claims
    there = json.dumps({"id_token": {"given_name": {"essential": True}}})
    claims = verified(house, told(house.ask("id_token", scope="openid", claims=there))["id_token"])
    assert claims["given_name"] == "An"


@pytest.mark.parametrize("kind", FRONT)
@pytest.mark.proves("implicit.form-post")
def test_by_form_the_same_comes_and_nothing_stands_in_an_address(
    house: FrontHouse, kind: ResponseType
) -> None:
    browser = house.ask(kind, response_mode="form_post")
    answer = posted(browser)
    assert {"code" in answer, "id_token" in answer, "access_token" in answer} >= {True}
    assert "Location" not in browser.answer.headers
    policy = browser.answer.headers["Content-Security-Policy"]
    assert f"form-action {CALLBACK.rpartition('/')[0]};" in policy
    assert answer.keys() == told(house.ask(kind)).keys()


@pytest.mark.parametrize("kind", FRONT)
@pytest.mark.proves("implicit.silence")
def test_silence_answers_and_refuses_in_the_same_place(
    house: FrontHouse, kind: ResponseType
) -> None:
    browser = house.browser().open(response_type=kind, nonce=NONCE, prompt="none")
    assert told(browser) == {
        "error": "login_required",
        "error_description": "the person must sign in and prompt=none was asked",
        "state": "state-1",
        "iss": ISSUER,
    }
    known = house.ask(kind)
    silent = known.open(response_type=kind, nonce=NONCE, prompt="none")
    assert told(silent).keys() == told(house.ask(kind)).keys()


def test_a_signed_answer_holds_the_tokens_and_stands_in_the_fragment(house: FrontHouse) -> None:
    answer = told(house.ask("code id_token token", response_mode="jwt"))
    assert answer.keys() == {"response"}
    inside = verified(house, answer["response"])
    assert {"code", "id_token", "access_token", "state", "aud", "exp"} <= inside.keys()
    assert verified(house, inside["id_token"])["c_hash"] == half(inside["code"])


def test_the_words_may_come_in_any_order(house: FrontHouse) -> None:
    assert {"code", "id_token", "access_token"} <= told(house.ask("token id_token code")).keys()


def test_an_access_token_is_written_as_its_client_registered(house: FrontHouse) -> None:
    house.register(forms=Forms(access_token=AccessTokenFormat.JWT))
    answer = told(house.ask("id_token token"))
    token = verified(house, answer["access_token"])
    assert (token["client_id"], token["sub"]) == (
        "shop",
        verified(house, answer["id_token"])["sub"],
    )
    assert verified(house, answer["id_token"])["at_hash"] == half(answer["access_token"])
    assert userinfo(house, answer["access_token"]).status_code == 200


@pytest.mark.parametrize("kind", WITH_TOKEN)
def test_nothing_refreshes_what_left_through_the_browser(
    house: FrontHouse, kind: ResponseType
) -> None:
    browser = house.ask(kind, scope="openid offline_access", prompt="consent")
    answer = told(browser)
    assert "refresh_token" not in answer
    assert ("offline_access" in answer["scope"].split()) is kind.issues_code
    if kind.issues_code:
        assert redeemed(house, answer["code"]).json["refresh_token"]


def test_discovery_says_what_is_answered_and_in_which_way(house: FrontHouse) -> None:
    said = house.browser().http.get("/.well-known/openid-configuration", base_url=ISSUER).json
    assert {"code", *FRONT} == set(said["response_types_supported"])
    assert {"fragment", "fragment.jwt"} < set(said["response_modes_supported"])
    assert "implicit" in said["grant_types_supported"]


def test_the_end_of_the_session_ends_what_left_through_the_browser(house: FrontHouse) -> None:
    browser = house.ask("id_token token")
    answer = told(browser)
    browser.http.get("/logout", query_string={"id_token_hint": answer["id_token"]}, base_url=ISSUER)
    assert userinfo(house, answer["access_token"]).status_code == 401


def test_what_left_is_audited_with_the_login_it_came_from(house: FrontHouse) -> None:
    told(house.ask("id_token"))
    told(house.ask("code id_token token"))
    kinds = house.audited()
    assert kinds.count("tokens.issued") == 2
    assert kinds.count("code.issued") == 1
    assert kinds.count("claims.released") == 1


def test_the_state_of_the_session_comes_with_what_is_no_code_too(tmp_path: Path) -> None:
    watched = FrontHouse(tmp_path, session_management=True)
    try:
        assert "session_state" in told(watched.ask("id_token"))
        refused = watched.browser().open(response_type="id_token", nonce=NONCE, prompt="none")
        assert "session_state" not in told(refused)
    finally:
        watched.close()


def test_who_was_told_by_an_id_token_alone_belongs_to_the_session(house: FrontHouse) -> None:
    claims = claims_of(told(house.ask("id_token")))
    with house.services.ledger.read() as unit:
        (session,) = unit.sessions.of_person(AN)
    assert session.sids == {"shop": claims["sid"]}


@pytest.mark.parametrize("kind", FRONT)
@pytest.mark.proves("implicit.registration")
def test_an_e_service_registers_itself_for_a_type_and_is_answered_by_it(
    house: FrontHouse, kind: ResponseType
) -> None:
    back = "https://own.example/cb"
    document = {
        "redirect_uris": [back],
        "response_types": [kind.value],
        "grant_types": list(kind.grant_types),
    }
    made = house.browser().http.post("/register", json=document, base_url=ISSUER)
    assert made.status_code == 201, made.text
    assert made.json["response_types"] == [kind.value]
    own = {"client_id": made.json["client_id"], "redirect_uri": back}
    answer = told(house.ask(kind, **own), at=back)
    assert ("id_token" in answer) is kind.issues_id_token
    known = house.browser().open(**own)
    assert "error=unauthorized_client" in known.answer.headers["Location"]
