"""What hangs off a login: sessions, codes, grants, tokens, families, and how they end together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from idp.domain.client import ClientId
from idp.domain.grant import FamilyId, GrantId, Standing, TokenHash
from idp.domain.person import PersonId, PersonState
from idp.domain.session import SessionKey
from idp.store.ports import Duplicate
from tests.contract.store.stand_ins import (
    AN,
    MINUTE,
    SHOP,
    START,
    a_client,
    a_code,
    a_family,
    a_grant,
    a_session,
    a_token,
)

if TYPE_CHECKING:
    from idp.domain.grant import LiveToken
    from idp.store.ports import Ledger

SESSION = SessionKey("session-1")
GRANT = GrantId("grant-1")
FAMILY = FamilyId("family-1")
TOKEN = TokenHash("token-1")
CODE = TokenHash("code-1")
LATER = START + MINUTE


@pytest.fixture
def granted(peopled: Ledger) -> Ledger:
    """A Ledger with one grant that has a token and a family, and an offline one that has too."""
    with peopled.begin() as unit:
        for number, offline in ((1, False), (2, True)):
            unit.grants.add(a_grant(f"grant-{number}", offline=offline))
            unit.grants.add_access_token(a_token(f"token-{number}", f"grant-{number}"))
            unit.grants.add_family(a_family(f"family-{number}", f"grant-{number}"))
    return peopled


def live(ledger: Ledger, token: str = "token-1") -> LiveToken:
    with ledger.read() as unit:
        found = unit.grants.live_token(TokenHash(token))
    assert found is not None
    return found


def advance(ledger: Ledger, family: str, generation: int) -> bool:
    with ledger.begin() as unit:
        return unit.grants.advance_family(
            FamilyId(family), from_generation=generation, at=LATER, idle_expires_at=LATER + MINUTE
        )


def test_a_session_comes_back_with_its_clients(peopled: Ledger) -> None:
    other = ClientId("other")
    with peopled.begin() as unit:
        assert unit.sessions.join(SESSION, SHOP, sid="sid-1") == "sid-1"
        assert unit.sessions.join(SESSION, SHOP, sid="sid-2") == "sid-1"
        assert unit.sessions.join(SESSION, other, sid="sid-3") == "sid-3"
    with peopled.read() as unit:
        assert unit.sessions.get(SESSION) == replace(
            a_session(), sids={SHOP: "sid-1", other: "sid-3"}
        )
        assert unit.sessions.get(SessionKey("nobody")) is None


def test_a_session_opened_with_clients_keeps_them(peopled: Ledger) -> None:
    session = replace(a_session("session-2"), sids={SHOP: "sid-9"})
    with peopled.begin() as unit:
        unit.sessions.open(session)
    with peopled.read() as unit:
        assert unit.sessions.get(session.key) == session
    with pytest.raises(Duplicate), peopled.begin() as unit:
        unit.sessions.open(session)


def test_a_use_moves_the_session_forward_only(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        unit.sessions.touch(SESSION, at=LATER)
        unit.sessions.touch(SESSION, at=START)
    with peopled.read() as unit:
        assert unit.sessions.get(SESSION) == replace(a_session(), used_at=LATER)


def test_a_session_ends_once_and_takes_what_is_not_offline(granted: Ledger) -> None:
    with granted.begin() as unit:
        assert unit.sessions.end(SESSION, at=LATER)
        assert not unit.sessions.end(SESSION, at=LATER + MINUTE)
    gone, kept = live(granted), live(granted, "token-2")
    assert (gone.session_ended, gone.token.revoked_at, gone.grant.ended_at) == (True, LATER, LATER)
    assert (kept.session_ended, kept.token.revoked_at, kept.grant.ended_at) == (False, None, None)
    with granted.read() as unit:
        ended, other = unit.grants.get_family(FAMILY), unit.grants.get_family(FamilyId("family-2"))
        assert ended is not None
        assert other is not None
        assert (ended.ended_at, other.ended_at) == (LATER, None)
        session = unit.sessions.get(SESSION)
    assert session is not None
    assert session.ended_at == LATER


def test_a_grant_added_after_its_session_ended_gives_nothing(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        unit.sessions.end(SESSION, at=START)
        unit.grants.add(a_grant())
        unit.grants.add_access_token(a_token())
        unit.grants.add_family(a_family())
        family = unit.grants.get_family(FAMILY)
    assert family is not None
    assert family.ended_at == START
    assert live(peopled).session_ended
    assert not advance(peopled, "family-1", 1)


def test_a_code_is_first_once_and_then_again_with_the_same_code(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        unit.grants.add_code(a_code())
    with peopled.begin() as unit:
        first = unit.grants.spend_code(CODE, client=SHOP, at=LATER)
    with peopled.begin() as unit:
        again = unit.grants.spend_code(CODE, client=SHOP, at=LATER + MINUTE)
        found = unit.grants.find_code(CODE)
    assert first is not None
    assert again is not None
    assert (first.outcome, again.outcome) == ("first", "again")
    assert first.code == again.code == found == replace(a_code(), spent_at=LATER)


def test_a_code_of_another_client_is_unknown_and_stays_unspent(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        unit.grants.add_code(a_code())
        assert unit.grants.spend_code(CODE, client=ClientId("thief"), at=LATER) is None
        assert unit.grants.spend_code(TokenHash("unknown"), client=SHOP, at=LATER) is None
        presented = unit.grants.spend_code(CODE, client=SHOP, at=LATER)
    assert presented is not None
    assert presented.outcome == "first"


def test_a_code_spent_in_a_unit_that_failed_is_unspent(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        unit.grants.add_code(a_code())
    with pytest.raises(ZeroDivisionError), peopled.begin() as unit:  # noqa: PT012 - the unit fails
        unit.grants.spend_code(CODE, client=SHOP, at=LATER)
        raise ZeroDivisionError
    with peopled.begin() as unit:
        assert unit.grants.find_code(CODE) == a_code()
        presented = unit.grants.spend_code(CODE, client=SHOP, at=LATER)
    assert presented is not None
    assert presented.outcome == "first"


def test_a_live_token_brings_everything_that_may_make_it_dead(granted: Ledger) -> None:
    found = live(granted)
    assert (found.token, found.grant) == (a_token(), a_grant())
    assert found.person_state is PersonState.ACTIVE
    assert found.client == a_client()
    assert found.epoch == 1
    assert not found.session_ended
    with granted.read() as unit:
        assert unit.grants.live_token(TokenHash("unknown")) is None


def test_a_locked_person_a_disabled_and_a_removed_client_show_in_the_token(
    granted: Ledger,
) -> None:
    with granted.begin() as unit:
        unit.people.set_state(AN, PersonState.LOCKED, at=LATER)
        unit.clients.replace(a_client(enabled=False), expected_version=1)
    assert live(granted).person_state is PersonState.LOCKED
    assert live(granted).client == a_client(enabled=False, version=2)
    with granted.begin() as unit:
        unit.clients.remove(SHOP, at=LATER)
    assert live(granted).client is None


def test_the_standing_of_a_grant_is_its_persons_state_and_its_sessions_times(
    granted: Ledger,
) -> None:
    def standing(person: str = AN, session: str = "session-1") -> Standing | None:
        with granted.read() as unit:
            return unit.grants.standing(PersonId(person), SessionKey(session), SHOP)

    good = Standing(
        client=a_client(),
        person_state=PersonState.ACTIVE,
        session_opened_at=START,
        session_ended_at=None,
    )
    assert standing() == good
    assert standing(person="somebody-else") is None
    assert standing(session="unknown") is None
    with granted.begin() as unit:
        unit.sessions.end(SESSION, at=LATER)
        unit.people.set_state(AN, PersonState.LOCKED, at=LATER)
    ended = replace(good, person_state=PersonState.LOCKED, session_ended_at=LATER)
    assert standing() == ended
    with granted.begin() as unit:
        unit.clients.remove(SHOP, at=LATER)
    assert standing() == replace(ended, client=None)


def test_a_revoked_token_keeps_its_first_time_and_its_grant(granted: Ledger) -> None:
    with granted.begin() as unit:
        unit.grants.revoke_access_token(TOKEN, at=LATER)
        unit.grants.revoke_access_token(TOKEN, at=LATER + MINUTE)
    assert live(granted).token == replace(a_token(), revoked_at=LATER)
    assert live(granted).grant.ended_at is None


def test_a_grant_ends_once_with_its_tokens_and_families(granted: Ledger) -> None:
    with granted.begin() as unit:
        assert unit.grants.end(GRANT, at=LATER)
        assert not unit.grants.end(GRANT, at=LATER + MINUTE)
        assert not unit.grants.end(GrantId("unknown"), at=LATER)
    assert live(granted).grant == replace(a_grant(), ended_at=LATER)
    assert live(granted).token.revoked_at == LATER
    assert live(granted, "token-2").token.revoked_at is None
    assert not advance(granted, "family-1", 1)
    assert advance(granted, "family-2", 1)


@pytest.mark.parametrize("by", ["client", "person"])
def test_all_grants_of_a_client_or_a_person_end_offline_or_not(granted: Ledger, by: str) -> None:
    with granted.begin() as unit:
        unit.grants.add(a_grant("grant-3", client="other", person="other"))
        if by == "client":
            assert unit.grants.end_by_client(SHOP, at=LATER) == 2
            assert unit.grants.end_by_client(SHOP, at=LATER) == 0
        else:
            assert unit.grants.end_by_person(AN, at=LATER) == 2
        kept = unit.grants.get(GrantId("grant-3"))
    assert kept is not None
    assert kept.ended_at is None
    assert live(granted, "token-2").token.revoked_at == LATER


def test_with_the_grants_of_a_client_its_unspent_codes_are_forgotten(granted: Ledger) -> None:
    with granted.begin() as unit:
        for name, client in (("code-1", SHOP), ("code-2", SHOP), ("code-3", "other")):
            unit.grants.add_code(a_code(name, a_grant(f"grant-of-{name}", client=client)))
        unit.grants.spend_code(CODE, client=SHOP, at=LATER)
        unit.grants.end_by_client(SHOP, at=LATER)
    with granted.begin() as unit:
        again = unit.grants.spend_code(CODE, client=SHOP, at=LATER)
        assert again is not None
        assert again.outcome == "again"
        assert unit.grants.spend_code(TokenHash("code-2"), client=SHOP, at=LATER) is None
        assert unit.grants.find_code(TokenHash("code-3")) is not None


def test_all_sessions_of_a_person_end_once_and_nobody_elses(granted: Ledger) -> None:
    with granted.begin() as unit:
        unit.sessions.open(a_session("session-2"))
        unit.sessions.open(a_session("session-3", person="other"))
        assert unit.sessions.end_by_person(AN, at=LATER) == 2
        assert unit.sessions.end_by_person(AN, at=LATER + MINUTE) == 0
        ends = [
            unit.sessions.get(SessionKey(f"session-{number}")).ended_at  # type: ignore[union-attr]
            for number in range(1, 4)
        ]
    assert ends == [LATER, LATER, None]


def test_a_family_comes_back_with_its_secret_and_advances_one_at_a_time(granted: Ledger) -> None:
    with granted.read() as unit:
        assert unit.grants.get_family(FAMILY) == a_family()
        assert unit.grants.get_family(FamilyId("unknown")) is None
    assert advance(granted, "family-1", 1)
    assert not advance(granted, "family-1", 1)
    assert not advance(granted, "family-1", 3)
    with granted.read() as unit:
        assert unit.grants.get_family(FAMILY) == replace(
            a_family(), generation=2, rotated_at=LATER, idle_expires_at=LATER + MINUTE
        )


def test_a_touched_family_keeps_its_generation(granted: Ledger) -> None:
    with granted.begin() as unit:
        unit.grants.touch_family(FAMILY, at=LATER, idle_expires_at=LATER + MINUTE)
        assert unit.grants.get_family(FAMILY) == replace(a_family(), idle_expires_at=LATER + MINUTE)


def test_an_ended_family_ends_once_and_never_advances(granted: Ledger) -> None:
    with granted.begin() as unit:
        assert unit.grants.end_family(FAMILY, at=LATER)
        assert not unit.grants.end_family(FAMILY, at=LATER + MINUTE)
    assert not advance(granted, "family-1", 1)


def test_a_secret_never_shows_in_a_representation() -> None:
    assert "secret" not in repr(a_family())
    assert "Ana" not in repr(a_grant())


def test_every_session_of_everybody_ends_once(granted: Ledger) -> None:
    with granted.begin() as unit:
        unit.sessions.open(a_session("session-2", person="other"))
        assert unit.sessions.end_all(at=LATER) == 2
        assert unit.sessions.end_all(at=LATER + MINUTE) == 0
        assert unit.sessions.get(SessionKey("session-2")).ended_at == LATER  # type: ignore[union-attr]
