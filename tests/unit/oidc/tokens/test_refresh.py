"""Refresh tokens rotate; a retry is forgiven once, reuse never."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.domain.client import ClientId
from idp.domain.grant import FamilyId, RefreshFamily
from idp.domain.person import PersonState
from idp.domain.session import SessionKey
from idp.errors import (
    INVALID_CLIENT,
    INVALID_GRANT,
    INVALID_REQUEST,
    INVALID_SCOPE,
    INVALID_TOKEN,
    Refused,
)
from idp.oidc import refresh_tokens
from tests.contract.store.stand_ins import AN, START, a_session
from tests.unit.oidc.tokens.desk import Desk, refused

if TYPE_CHECKING:
    from typing import Any

SECONDS = timedelta(seconds=1)


@pytest.fixture
def first(desk: Desk) -> dict[str, Any]:
    return desk.redeem(desk.code())


def test_a_refresh_gives_new_tokens_with_the_same_login(desk: Desk, first: dict[str, Any]) -> None:
    desk.clock.move(timedelta(minutes=5))
    second = desk.refresh(first["refresh_token"])
    before, after = (desk.opened(answer["id_token"]) for answer in (first, second))
    same = ("iss", "sub", "aud", "auth_time", "acr", "amr", "sid", "given_name")
    assert [after[name] for name in same] == [before[name] for name in same]
    assert after["iat"] == before["iat"] + 300
    assert "nonce" not in after
    assert second["refresh_token"] != first["refresh_token"]
    assert desk.claims(second["access_token"])["family_name"] == "Peeters"


def test_a_retry_within_the_grace_gets_the_same_successor(
    desk: Desk, first: dict[str, Any]
) -> None:
    second = desk.refresh(first["refresh_token"])
    desk.clock.move(9 * SECONDS)
    retried = desk.refresh(first["refresh_token"])
    assert retried["refresh_token"] == second["refresh_token"]
    assert "refresh.retried" in desk.recorded()
    assert desk.refresh(second["refresh_token"])["id_token"]


def test_the_grace_does_not_grow_with_each_retry(desk: Desk, first: dict[str, Any]) -> None:
    desk.refresh(first["refresh_token"])
    desk.clock.move(9 * SECONDS)
    desk.refresh(first["refresh_token"])
    desk.clock.move(1 * SECONDS)
    refused(INVALID_GRANT, lambda: desk.refresh(first["refresh_token"]))


def test_reuse_after_the_grace_ends_the_family_and_its_tokens(
    desk: Desk, first: dict[str, Any]
) -> None:
    second = desk.refresh(first["refresh_token"])
    desk.clock.move(10 * SECONDS)
    refused(INVALID_GRANT, lambda: desk.refresh(first["refresh_token"]))
    refused(INVALID_GRANT, lambda: desk.refresh(second["refresh_token"]))
    for answer in (first, second):
        refused(INVALID_TOKEN, lambda a=answer: desk.claims(a["access_token"]))
    assert desk.recorded().count("refresh.reused") == 1


def test_the_generation_before_the_last_is_reuse_however_soon(
    desk: Desk, first: dict[str, Any]
) -> None:
    second = desk.refresh(first["refresh_token"])
    third = desk.refresh(second["refresh_token"])
    refused(INVALID_GRANT, lambda: desk.refresh(first["refresh_token"]))
    refused(INVALID_GRANT, lambda: desk.refresh(third["refresh_token"]))


def test_a_generation_from_the_future_ends_the_family(desk: Desk, first: dict[str, Any]) -> None:
    """A Ledger that went back in time without a bump of the epoch has lost a rotation."""
    epoch, family_id, _, _ = first["refresh_token"].split(".")
    with desk.ledger.read() as unit:
        family = unit.grants.get_family(FamilyId(family_id))
    assert family is not None
    later = refresh_tokens.derive(family, epoch=int(epoch), generation=3)
    refused(INVALID_GRANT, lambda: desk.refresh(later))
    refused(INVALID_GRANT, lambda: desk.refresh(first["refresh_token"]))


def test_a_changed_refresh_token_is_refused_and_harms_nobody(
    desk: Desk, first: dict[str, Any]
) -> None:
    epoch, family, generation, mac = first["refresh_token"].split(".")
    other = "A" if mac[0] != "A" else "B"
    for forged in (
        f"{epoch}.{family}.2.{mac}",
        f"{epoch}.{family}.{generation}.{other}{mac[1:]}",
        f"{epoch}.{'A' * 22}.{generation}.{mac}",
        f"{int(epoch) + 1}.{family}.{generation}.{mac}",
        f"{epoch}.{family}.0.{mac}",
        f"{epoch}.{family}.01.{mac}",
        first["refresh_token"] + "A",
        first["access_token"],
        "x",
    ):
        refused(INVALID_GRANT, lambda f=forged: desk.refresh(f))
    refused(INVALID_REQUEST, lambda: desk.refresh(""))
    assert desk.refresh(first["refresh_token"])["id_token"]


def test_another_clients_refresh_token_is_refused_noted_and_stays_good(
    desk: Desk, first: dict[str, Any]
) -> None:
    refused(INVALID_GRANT, lambda: desk.refresh(first["refresh_token"], "other"))
    assert "token.foreign" in desk.recorded()
    assert desk.refresh(first["refresh_token"])["id_token"]


def test_a_scope_narrows_and_never_widens(desk: Desk, first: dict[str, Any]) -> None:
    for wider in ("openid egovnrn", "openid profile email phone", "openid  profile", "OPENID"):
        refused(INVALID_SCOPE, lambda w=wider: desk.refresh(first["refresh_token"], scope=w))
    second = desk.refresh(first["refresh_token"], scope="email openid")
    assert second["scope"] == "openid email"
    assert desk.claims(second["access_token"]) == {"sub": "subject-1", "email": "an@example.be"}
    third = desk.refresh(second["refresh_token"])
    assert third["scope"] == "openid profile email"


def test_a_refresh_without_openid_gives_no_id_token(desk: Desk, first: dict[str, Any]) -> None:
    second = desk.refresh(first["refresh_token"], scope="email")
    assert "id_token" not in second


def test_a_family_ends_with_its_session_unless_offline(desk: Desk) -> None:
    bound, offline = (desk.redeem(desk.code(grant=desk.grant(offline=o))) for o in (False, True))
    with desk.ledger.begin() as unit:
        unit.sessions.end(SessionKey("session-1"), at=START)
    refused(INVALID_GRANT, lambda: desk.refresh(bound["refresh_token"]))
    assert desk.refresh(offline["refresh_token"])["id_token"]


def test_a_family_lives_no_longer_than_its_session_can(desk: Desk) -> None:
    bound, offline = (desk.redeem(desk.code(grant=desk.grant(offline=o))) for o in (False, True))
    desk.clock.move(desk.settings.lifetimes.session)
    refused(INVALID_GRANT, lambda: desk.refresh(bound["refresh_token"]))
    assert desk.refresh(offline["refresh_token"])["id_token"]


def test_an_offline_family_ends_when_idle_and_in_the_end_anyway(desk: Desk) -> None:
    lives = desk.settings.lifetimes
    answer = desk.redeem(desk.code(grant=desk.grant(offline=True)))
    begun = desk.clock()
    while desk.clock() + lives.refresh_idle - SECONDS < begun + lives.refresh:
        desk.clock.move(lives.refresh_idle - SECONDS)
        answer = desk.refresh(answer["refresh_token"])
    desk.clock.at = begun + lives.refresh
    refused(INVALID_GRANT, lambda: desk.refresh(answer["refresh_token"]))
    idle = desk.redeem(desk.code(grant=desk.grant(offline=True, session=_new_session(desk))))
    desk.clock.move(lives.refresh_idle)
    refused(INVALID_GRANT, lambda: desk.refresh(idle["refresh_token"]))


def _new_session(desk: Desk) -> SessionKey:
    with desk.ledger.begin() as unit:
        unit.sessions.open(replace(a_session("session-2"), opened_at=desk.clock()))
    return SessionKey("session-2")


def test_a_session_that_is_older_than_it_may_be_gives_no_refresh_token(desk: Desk) -> None:
    desk.clock.move(desk.settings.lifetimes.session)
    assert "refresh_token" not in desk.redeem(desk.code())


def test_a_locked_person_is_refused_and_may_go_on_when_unlocked(
    desk: Desk, first: dict[str, Any]
) -> None:
    with desk.ledger.begin() as unit:
        unit.people.set_state(AN, PersonState.LOCKED, at=START)
    refused(INVALID_GRANT, lambda: desk.refresh(first["refresh_token"]))
    with desk.ledger.begin() as unit:
        unit.people.set_state(AN, PersonState.ACTIVE, at=START)
    assert desk.refresh(first["refresh_token"])["id_token"]


def test_a_bumped_epoch_refuses_every_refresh_token_before_it(
    desk: Desk, first: dict[str, Any]
) -> None:
    with desk.ledger.begin() as unit:
        unit.bump_epoch()
    refused(INVALID_GRANT, lambda: desk.refresh(first["refresh_token"]))


def test_a_family_that_does_not_rotate_keeps_its_token(desk: Desk) -> None:
    family = _still_family(desk)
    with desk.ledger.read() as unit:
        token = refresh_tokens.derive(family, epoch=unit.epoch(), generation=1)
    for _ in range(3):
        desk.clock.move(timedelta(minutes=1))
        assert desk.refresh(token)["refresh_token"] == token


def _still_family(desk: Desk) -> RefreshFamily:
    grant = desk.grant()
    family = RefreshFamily(
        id=refresh_tokens.new_family_id(lambda size: b"f" * size),
        grant=grant.id,
        client=ClientId("basic"),
        generation=1,
        secret=b"s" * 32,
        rotates=False,
        created_at=START,
        rotated_at=START,
        idle_expires_at=START + timedelta(days=1),
        expires_at=START + timedelta(days=2),
    )
    with desk.ledger.begin() as unit:
        unit.grants.add(grant)
        unit.grants.add_family(family)
    return family


def test_a_replayed_assertion_refuses_a_good_refresh_token(desk: Desk) -> None:
    first = desk.redeem(desk.code("shop"), "shop")
    assertion = desk.assertion()
    second = desk.refresh(first["refresh_token"], "shop", client_assertion=assertion)
    refused(
        INVALID_CLIENT,
        lambda: desk.refresh(second["refresh_token"], "shop", client_assertion=assertion),
    )
    assert desk.refresh(second["refresh_token"], "shop")["id_token"]


def test_a_refusal_spends_the_assertion_it_came_with(desk: Desk) -> None:
    assertion = desk.assertion()
    refused(INVALID_GRANT, lambda: desk.refresh(_unknown(), "shop", client_assertion=assertion))
    with pytest.raises(Refused) as caught:
        desk.redeem(desk.code("shop"), "shop", client_assertion=assertion)
    assert caught.value.problem is INVALID_CLIENT


def _unknown() -> str:
    return f"1.{'A' * 22}.1.{'A' * 43}"
