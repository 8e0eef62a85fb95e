"""One sign-on, several sessions: a successor takes over, and all of it ends together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from idp.domain.grant import TokenHash
from idp.domain.person import PersonId
from idp.domain.session import SessionKey
from idp.store.ports import Duplicate
from tests.contract.store.stand_ins import MINUTE, SHOP, START, a_grant, a_session, a_token

if TYPE_CHECKING:
    from idp.domain.session import Session
    from idp.store.ports import Ledger

FIRST, SECOND, THIRD = SessionKey("session-1"), SessionKey("session-2"), SessionKey("session-3")
LATER = START + MINUTE
LAST = LATER + MINUTE


@pytest.fixture
def renewed(peopled: Ledger) -> Ledger:
    """A sign-on of three sessions, the first two with a grant and a token each."""
    with peopled.begin() as unit:
        grant(unit, 1, FIRST)
        assert unit.sessions.succeed(FIRST, a_session(SECOND), at=LATER)
        grant(unit, 2, SECOND)
        assert unit.sessions.succeed(SECOND, a_session(THIRD), at=LATER)
    return peopled


def grant(unit: object, number: int, session: SessionKey) -> None:
    grants = unit.grants  # type: ignore[attr-defined]
    grants.add(a_grant(f"grant-{number}", session=session))
    grants.add_access_token(a_token(f"token-{number}", f"grant-{number}"))


def session(ledger: Ledger, key: SessionKey) -> Session:
    with ledger.read() as unit:
        found = unit.sessions.get(key)
    assert found is not None
    return found


def dead(ledger: Ledger, token: str) -> bool:
    with ledger.read() as unit:
        found = unit.grants.live_token(TokenHash(token))
    assert found is not None
    return found.session_ended or found.token.revoked_at is not None


def test_a_succeeded_session_opens_nothing_and_what_it_gave_lives_on(renewed: Ledger) -> None:
    former = session(renewed, FIRST)
    assert (former.succeeded_at, former.ended_at) == (LATER, None)
    assert not dead(renewed, "token-1")
    assert session(renewed, THIRD) == a_session(THIRD)


@pytest.mark.parametrize("key", [FIRST, SECOND, THIRD])
def test_ending_any_session_of_a_sign_on_ends_all_of_it(renewed: Ledger, key: SessionKey) -> None:
    with renewed.begin() as unit:
        unit.sessions.open(a_session("elsewhere"))
        grant(unit, 9, SessionKey("elsewhere"))
        assert unit.sessions.end(key, at=LAST)
        assert not unit.sessions.end(THIRD, at=LAST + MINUTE)
    assert [session(renewed, one).ended_at for one in (FIRST, SECOND, THIRD)] == [LAST] * 3
    assert (dead(renewed, "token-1"), dead(renewed, "token-2")) == (True, True)
    assert not dead(renewed, "token-9")


def test_an_ended_session_has_no_successor(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        unit.sessions.end(FIRST, at=START)
        assert not unit.sessions.succeed(FIRST, a_session(SECOND), at=LATER)
        assert unit.sessions.get(SECOND) is None


def test_two_successors_of_one_session_belong_to_one_sign_on(renewed: Ledger) -> None:
    with renewed.begin() as unit:
        assert unit.sessions.succeed(FIRST, a_session("tab-2"), at=LAST)
    assert session(renewed, FIRST).succeeded_at == LATER
    with renewed.begin() as unit:
        unit.sessions.end(SessionKey("tab-2"), at=LAST)
    assert session(renewed, THIRD).ended_at == LAST


def test_a_successor_keeps_the_clients_it_is_opened_with(peopled: Ledger) -> None:
    opened = replace(a_session(SECOND), sids={SHOP: "sid-1"})
    with peopled.begin() as unit:
        unit.sessions.succeed(FIRST, opened, at=LATER)
    assert session(peopled, SECOND) == opened
    with pytest.raises(Duplicate), peopled.begin() as unit:
        unit.sessions.succeed(FIRST, opened, at=LATER)


def test_a_succeeded_session_that_no_grant_names_is_purged(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        unit.sessions.succeed(FIRST, a_session(SECOND), at=LATER)
        unit.purge(before=LAST, limit=100)
        assert unit.sessions.get(FIRST) is None
        assert unit.sessions.get(SECOND) is not None
        assert unit.sessions.end(SECOND, at=LAST)


def test_a_person_s_sessions_are_those_that_neither_ended_nor_were_succeeded(
    renewed: Ledger,
) -> None:
    other, gone = SessionKey("session-4"), SessionKey("session-5")
    with renewed.begin() as unit:
        unit.sessions.open(replace(a_session(other), opened_at=LAST))
        unit.sessions.open(a_session(gone))
        unit.sessions.end(gone, at=LAST)
    with renewed.read() as unit:
        found = unit.sessions.of_person(a_session().event.person)
        assert unit.sessions.of_person(PersonId("nobody")) == []
    assert [session.key for session in found] == [other, THIRD]
    assert found[1] == a_session(THIRD)
