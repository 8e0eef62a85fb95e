"""Userinfo: the agreed claims, while everything stands, and one audit row a token."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.domain.client import ClientId
from idp.domain.person import PersonState
from idp.domain.session import SessionKey
from idp.errors import INSUFFICIENT_SCOPE, INVALID_TOKEN, TOKEN_MISSING, UNAVAILABLE
from idp.store.ports import StoreUnavailable
from tests.contract.store.stand_ins import AN, START
from tests.unit.oidc.tokens.desk import CLIENTS, Desk, form, refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from idp.domain.grant import GrantId
    from idp.store.ports import Unit


@pytest.fixture
def given(desk: Desk) -> dict[str, Any]:
    return desk.redeem(desk.code())


def test_the_token_comes_in_the_header_or_in_the_form(desk: Desk, given: dict[str, Any]) -> None:
    token = given["access_token"]
    told = desk.claims(token)
    assert told["sub"] == desk.opened(given["id_token"])["sub"]
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert desk.userinfo.answer(authorization=f"{scheme} {token}") == told
    assert desk.userinfo.answer(authorization=None, params=form(access_token=token)) == told
    assert desk.userinfo.answer(authorization=f"Bearer {token}", params=form(other="x")) == told


def test_no_token_and_a_token_in_two_places_are_refused(desk: Desk, given: dict[str, Any]) -> None:
    token = given["access_token"]
    answer = desk.userinfo.answer
    refused(TOKEN_MISSING, lambda: answer(authorization=None))
    refused(TOKEN_MISSING, lambda: answer(authorization=None, params=form(access_token="")))
    refused(
        TOKEN_MISSING,
        lambda: answer(authorization=f"Bearer {token}", params=form(access_token=token)),
    )
    for other in (f"Basic {token}", token, ""):
        refused(TOKEN_MISSING, lambda o=other: answer(authorization=o))


def test_a_release_is_audited_once_a_token(desk: Desk, given: dict[str, Any]) -> None:
    def releases() -> int:
        return desk.recorded().count("claims.released")

    before = releases()
    for _ in range(3):
        desk.claims(given["access_token"])
    desk.another_userinfo().answer(authorization=f"Bearer {given['access_token']}")
    assert releases() == before + 1
    second = desk.refresh(given["refresh_token"])
    before = releases()
    desk.claims(second["access_token"])
    assert releases() == before + 1


def test_a_token_that_gives_only_the_subject_writes_nothing(desk: Desk) -> None:
    code = desk.code(grant=replace(desk.grant(), userinfo_claims={}))
    given = desk.redeem(code)
    before = desk.recorded()
    assert desk.claims(given["access_token"]) == {"sub": "subject-1"}
    assert desk.recorded() == before


def test_claims_that_cannot_be_audited_are_not_told(
    desk: Desk, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise StoreUnavailable("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(desk.ledger, "begin", full)
        refused(UNAVAILABLE, lambda: desk.claims(given["access_token"]))
    assert desk.claims(given["access_token"])["family_name"] == "Peeters"


ENDINGS: dict[str, Callable[[Unit, GrantId], object]] = {
    "the session ended": lambda unit, _: unit.sessions.end(SessionKey("session-1"), at=START),
    "every session of the person ended": lambda unit, _: unit.sessions.end_by_person(AN, at=START),
    "the grant ended": lambda unit, grant: unit.grants.end(grant, at=START),
    "the person was locked": lambda unit, _: unit.people.set_state(
        AN, PersonState.LOCKED, at=START
    ),
    "the client was disabled": lambda unit, _: unit.clients.replace(
        replace(CLIENTS[1], enabled=False), expected_version=1
    ),
    "the registration ended": lambda unit, _: unit.clients.replace(
        replace(CLIENTS[1], expires_at=START), expected_version=1
    ),
    "the client was removed": lambda unit, _: unit.clients.remove(ClientId("basic"), at=START),
    "the epoch was bumped": lambda unit, _: unit.bump_epoch(),
}


@pytest.mark.parametrize("why", ENDINGS)
def test_a_token_is_dead_at_once_when(desk: Desk, why: str) -> None:
    grant = desk.grant()
    given = desk.redeem(desk.code(grant=grant))
    assert desk.claims(given["access_token"])
    with desk.ledger.begin() as unit:
        ENDINGS[why](unit, grant.id)
    refused(INVALID_TOKEN, lambda: desk.claims(given["access_token"]))


def test_a_token_expires(desk: Desk, given: dict[str, Any]) -> None:
    desk.clock.move(timedelta(minutes=10) - timedelta(seconds=1))
    assert desk.claims(given["access_token"])
    desk.clock.move(timedelta(seconds=1))
    refused(INVALID_TOKEN, lambda: desk.claims(given["access_token"]))


def test_an_offline_token_outlives_its_session(desk: Desk) -> None:
    given = desk.redeem(desk.code(grant=desk.grant(offline=True)))
    with desk.ledger.begin() as unit:
        unit.sessions.end(SessionKey("session-1"), at=START)
    assert desk.claims(given["access_token"])["sub"] == "subject-1"


def test_a_token_without_openid_lacks_a_scope(desk: Desk, given: dict[str, Any]) -> None:
    narrowed = desk.refresh(given["refresh_token"], scope="email")
    refused(INSUFFICIENT_SCOPE, lambda: desk.claims(narrowed["access_token"]))


@pytest.mark.parametrize("kind", ["id_token", "refresh_token"])
def test_other_tokens_of_ours_are_not_access_tokens(
    desk: Desk, given: dict[str, Any], kind: str
) -> None:
    refused(INVALID_TOKEN, lambda: desk.claims(given[kind]))


def test_the_memory_of_noted_tokens_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.oidc.userinfo._MOST_REMEMBERED", 2)
    given = [desk.redeem(desk.code())["access_token"] for _ in range(3)]
    for token in (*given, *given):
        desk.claims(token)
    assert len(desk.userinfo._noted) == 2
    assert desk.recorded().count("claims.released") == 3 + 3
