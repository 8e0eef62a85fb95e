"""Where claims are answered to a request for more than a code: where its client reaches them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from idp.domain.claims import requested
from idp.domain.request import ClaimRequest
from idp.domain.response_type import ResponseType, read_response_type
from tests.unit.domain.test_claims import EVERYTHING, ISSUER, RRN, a_request, an, offered

if TYPE_CHECKING:
    from idp.domain.claims import ClaimOffer

NUMBER = ("national_number", "rrn", "egovNRN", RRN)
IN_ID_TOKEN = tuple(ClaimRequest(name=name, essential=True) for name in ("rrn", "given_name"))


def places(made: tuple[ClaimOffer, ...]) -> dict[str, frozenset[str]]:
    return {offer.name: frozenset(offer.places) for offer in made}


@pytest.mark.parametrize("kind", ResponseType)
def test_what_a_scope_asks_is_answered_where_it_can_be_read(kind: ResponseType) -> None:
    made = offered(a_request("openid profile", response_type=kind), EVERYTHING)
    wanted = "id_token" if kind is ResponseType.ID_TOKEN else "userinfo"
    assert places(made)["given_name"] == {wanted}


@pytest.mark.parametrize("kind", ResponseType)
def test_a_national_number_is_in_no_id_token_that_comes_through_the_browser(
    kind: ResponseType,
) -> None:
    request = a_request("openid be:rrn", response_type=kind, id_token_claims=IN_ID_TOKEN)
    found = places(offered(request, EVERYTHING))
    if kind is ResponseType.ID_TOKEN:
        assert found.keys() == {"given_name"}
        return
    assert found["given_name"] == {"id_token"}
    expected = {"userinfo"} if kind.issues_id_token else {"id_token"}
    assert found["rrn"] - {"userinfo"} == expected - {"userinfo"}
    in_tokens = {name for name, where in found.items() if "id_token" in where}
    assert kind.issues_id_token is in_tokens.isdisjoint(NUMBER)


def test_what_is_too_large_for_an_id_token_is_not_offered_where_there_is_no_userinfo() -> None:
    person = an(website="https://an.example/" + "a" * 2000)
    request = a_request("openid profile", response_type=ResponseType.ID_TOKEN)
    made = offered(request, EVERYTHING, person=person)
    assert "website" not in places(made)
    both = a_request("openid profile", response_type=ResponseType.ID_TOKEN_TOKEN)
    assert places(offered(both, EVERYTHING, person=person))["website"] == {"userinfo"}


def test_the_names_that_are_asked_do_not_depend_on_the_type() -> None:
    names = [
        tuple(requested(a_request("openid profile", response_type=kind), ISSUER))
        for kind in ResponseType
    ]
    assert len(set(names)) == 1


def test_a_type_is_read_from_its_words_in_any_order_and_from_nothing_else() -> None:
    assert read_response_type("token id_token code") is ResponseType.CODE_ID_TOKEN_TOKEN
    wrong = ("", "token", "none", "Code", "code code", "code  id_token", " code", "code,id_token")
    assert [text for text in wrong if read_response_type(text) is not None] == []
    assert json.loads(json.dumps([ResponseType.CODE_TOKEN])) == ["code token"]
