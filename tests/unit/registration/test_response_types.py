"""What a client may have answered: only what is offered, with what must go with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.response_type import ResponseType
from idp.oidc.registration.narrowing import takes_away
from idp.oidc.registration.rules import describe, register
from tests.unit.registration.documents import NOW, POLICY, a_document, faulty_members

if TYPE_CHECKING:
    from idp.domain.client import Client

OPEN = replace(POLICY, response_types=tuple(ResponseType))
BOTH = ["authorization_code", "implicit"]


def registered(**changes: Any) -> Client:
    return register(a_document(**changes), OPEN, now=NOW)


@pytest.mark.parametrize("kind", ResponseType)
@pytest.mark.proves("implicit.registration")
def test_each_type_is_registered_with_its_grant_types_and_read_back(kind: ResponseType) -> None:
    client = registered(response_types=[kind.value], grant_types=list(kind.grant_types))
    assert client.response_types == (kind,)
    assert register(describe(client), OPEN, now=NOW) == client


@pytest.mark.proves("implicit.registration")
def test_a_code_is_what_is_answered_where_nothing_is_said() -> None:
    assert registered().response_types == (ResponseType.CODE,)
    assert "response_types" not in describe(registered())


def test_words_in_another_order_are_the_same_type() -> None:
    client = registered(response_types=["token code", "code token"], grant_types=BOTH)
    assert client.response_types == (ResponseType.CODE_TOKEN,)


@pytest.mark.parametrize(
    ("types", "grants"),
    [
        (["id_token"], None),
        (["id_token"], ["authorization_code"]),
        (["code id_token"], ["implicit"]),
        (["code", "id_token"], ["implicit"]),
        (["code"], BOTH),
    ],
)
def test_types_and_grant_types_that_do_not_fit_are_refused(
    types: list[str], grants: list[str] | None
) -> None:
    bent = a_document(response_types=types, grant_types=grants)
    assert faulty_members(bent, OPEN) == {"grant_types"}


@pytest.mark.parametrize("kind", ["id_token", "code id_token", "token", "code code", "none"])
def test_what_is_not_offered_is_not_registered(kind: str) -> None:
    bent = a_document(response_types=["code", kind], grant_types=BOTH)
    assert faulty_members(bent) == {"response_types", "grant_types"}
    hybrid = replace(POLICY, response_types=(ResponseType.CODE, ResponseType.CODE_TOKEN))
    assert "response_types" in faulty_members(bent, hybrid)


@pytest.mark.parametrize(
    "members",
    [
        {"dpop_bound_access_tokens": True},
        {
            "redirect_uris": ["be.example.app:/cb"],
            "token_endpoint_auth_method": "none",
            "jwks": None,
            "sector": "shop.example",
        },
    ],
    ids=str,
)
def test_no_token_of_the_front_is_bound_or_goes_to_an_app(members: dict[str, Any]) -> None:
    plain = a_document(grant_types=["authorization_code"], **members)
    assert faulty_members(plain, OPEN) == set()
    front = {**plain, "response_types": ["id_token token"], "grant_types": ["implicit"]}
    assert faulty_members(front, OPEN) == {"response_types"}


def test_who_may_have_less_answered_loses_what_was_given() -> None:
    more = registered(response_types=["code", "id_token"], grant_types=BOTH)
    less = replace(more, response_types=(ResponseType.CODE,))
    assert takes_away(more, less)
    assert not takes_away(less, more)
