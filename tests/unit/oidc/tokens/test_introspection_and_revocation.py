"""A client asks about its own tokens and ends them; others' tokens it neither sees nor harms."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.domain.person import PersonState
from idp.errors import INVALID_CLIENT, INVALID_GRANT, INVALID_REQUEST, INVALID_TOKEN
from tests.contract.store.stand_ins import AN, START
from tests.unit.oidc.tokens.desk import ADDRESS, ISSUER, Desk, form, refused

if TYPE_CHECKING:
    from typing import Any

DEAD = {"active": False}


@pytest.fixture
def given(desk: Desk) -> dict[str, Any]:
    return desk.redeem(desk.code())


def test_a_client_sees_its_own_access_token(desk: Desk, given: dict[str, Any]) -> None:
    now = int(START.timestamp())
    assert desk.introspect(given["access_token"]) == {
        "active": True,
        "iss": ISSUER,
        "client_id": "basic",
        "sub": "subject-1",
        "scope": "openid profile email",
        "token_type": "Bearer",
        "aud": f"{ISSUER}/userinfo",
        "acr": "eidas3",
        "auth_time": now,
        "iat": now,
        "exp": now + 600,
    }


def test_a_client_sees_its_own_refresh_token_until_it_is_used(
    desk: Desk, given: dict[str, Any]
) -> None:
    told = desk.introspect(given["refresh_token"])
    assert told["active"] is True
    assert "token_type" not in told
    second = desk.refresh(given["refresh_token"])
    assert desk.introspect(given["refresh_token"]) == DEAD
    assert desk.introspect(second["refresh_token"])["active"] is True


def test_nobody_sees_others_tokens_nor_what_is_no_token(desk: Desk, given: dict[str, Any]) -> None:
    for token in (given["access_token"], given["refresh_token"]):
        assert desk.introspect(token, "other") == DEAD
        assert desk.introspect(token, "shop") == DEAD
    changed = [given[name][:-1] + "!" for name in ("access_token", "refresh_token")]
    for token in (*changed, given["id_token"], "x", f"1.{'A' * 43}", f"1.{'A' * 22}.1.{'A' * 43}"):
        assert desk.introspect(token) == DEAD


def test_a_locked_person_and_time_make_every_token_inactive(
    desk: Desk, given: dict[str, Any]
) -> None:
    with desk.ledger.begin() as unit:
        unit.people.set_state(AN, PersonState.LOCKED, at=START)
    assert desk.introspect(given["access_token"]) == DEAD
    assert desk.introspect(given["refresh_token"]) == DEAD
    with desk.ledger.begin() as unit:
        unit.people.set_state(AN, PersonState.ACTIVE, at=START)
    desk.clock.move(timedelta(days=1))
    assert desk.introspect(given["access_token"]) == DEAD
    assert desk.introspect(given["refresh_token"]) == DEAD


def test_a_public_client_may_not_introspect(desk: Desk) -> None:
    given = desk.redeem(desk.code("public"), "public")
    refused(INVALID_CLIENT, lambda: desk.introspect(given["access_token"], "public"))


def test_without_a_client_or_a_token_there_is_no_answer(desk: Desk) -> None:
    for answer in (desk.introspection.answer, desk.revocation.answer):
        refused(
            INVALID_CLIENT,
            lambda a=answer: a(form(token="x"), authorization=None, address=ADDRESS),
        )
        refused(INVALID_REQUEST, lambda a=answer: desk.call(a, "basic"))


def test_an_assertion_is_spent_by_introspection_and_revocation(desk: Desk) -> None:
    for answer in (desk.introspection.answer, desk.revocation.answer):
        fields = {"client_assertion": desk.assertion(), "token": "x"}
        desk.call(answer, "shop", **fields)
        refused(INVALID_CLIENT, lambda a=answer, f=fields: desk.call(a, "shop", **f))


def test_a_revoked_access_token_is_dead_and_the_rest_lives(
    desk: Desk, given: dict[str, Any]
) -> None:
    for _ in range(2):
        desk.revoke(given["access_token"])
    refused(INVALID_TOKEN, lambda: desk.claims(given["access_token"]))
    assert desk.recorded().count("token.revoked") == 1
    assert desk.refresh(given["refresh_token"])["id_token"]


@pytest.mark.parametrize("which", ["the live one", "the one before"])
def test_a_revoked_refresh_token_takes_its_grant_with_it(
    desk: Desk, given: dict[str, Any], which: str
) -> None:
    second = desk.refresh(given["refresh_token"])
    revoked = second if which == "the live one" else given
    for _ in range(2):
        desk.revoke(revoked["refresh_token"])
    refused(INVALID_GRANT, lambda: desk.refresh(second["refresh_token"]))
    for answer in (given, second):
        refused(INVALID_TOKEN, lambda a=answer: desk.claims(a["access_token"]))
    assert desk.recorded().count("token.revoked") == 1


def test_revocation_leaves_the_other_logins_of_the_same_person_alone(desk: Desk) -> None:
    one, two = (desk.redeem(desk.code()) for _ in range(2))
    desk.revoke(one["refresh_token"])
    assert desk.refresh(two["refresh_token"])["id_token"]
    assert desk.claims(two["access_token"])


def test_others_tokens_are_not_revoked_and_the_try_is_noted(
    desk: Desk, given: dict[str, Any]
) -> None:
    for token in (given["access_token"], given["refresh_token"]):
        desk.revoke(token, "other")
    assert desk.recorded().count("token.foreign") == 2
    assert desk.claims(given["access_token"])
    assert desk.refresh(given["refresh_token"])["id_token"]


def test_a_public_client_revokes_its_own_token(desk: Desk) -> None:
    given = desk.redeem(desk.code("public"), "public")
    desk.revoke(given["access_token"], "public")
    refused(INVALID_TOKEN, lambda: desk.claims(given["access_token"]))


def test_revoking_what_is_no_token_is_no_error(desk: Desk, given: dict[str, Any]) -> None:
    for token in ("x", given["id_token"], f"1.{'A' * 43}", f"1.{'A' * 22}.1.{'A' * 43}"):
        desk.revoke(token)
    epoch, family, generation, mac = given["refresh_token"].split(".")
    desk.revoke(f"{epoch}.{family}.{int(generation) + 1}.{mac}")
    assert desk.refresh(given["refresh_token"])["id_token"]
