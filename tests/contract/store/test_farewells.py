"""Who is told that a sign-on ended: each client that wants to hear it, once, whatever the cause."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from idp.domain.client import ClientId, SubjectType
from idp.domain.ended import LogoutNotice, UsedAt
from idp.domain.logout import LogoutChannels
from idp.domain.person import PersonId, Sector, SubjectId
from idp.domain.session import SessionKey
from idp.store.logouts import KIND, read_notice
from tests.contract.store import farewell_races
from tests.contract.store.racing import open_store, winners_of_processes
from tests.contract.store.stand_ins import (
    AN,
    MINUTE,
    START,
    a_client,
    a_grant,
    a_person,
    a_session,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.store.ports import Ledger, Unit

FIRST, SECOND, THIRD = SessionKey("session-1"), SessionKey("session-2"), SessionKey("session-3")
HEARS = LogoutChannels(back="https://bank.example/out")
BANK, TAX, DEAF = ClientId("bank"), ClientId("tax"), ClientId("shop")
LATER = START + MINUTE
ROUNDS = 50


@pytest.fixture
def used(peopled: Ledger) -> Ledger:
    """An is signed in at a bank and a tax office, which want to hear, and at a shop."""
    with peopled.begin() as unit:
        unit.clients.add(a_client(BANK, sector=Sector("bank.example"), logout=HEARS))
        unit.clients.add(
            a_client(TAX, sector=Sector("tax.example"), logout=replace(HEARS, back="https://t/x"))
        )
        unit.people.subject(AN, Sector("bank.example"), candidate=SubjectId("an-at-the-bank"))
        for client in (BANK, TAX, DEAF):
            unit.sessions.join(FIRST, client, sid=f"sid-{client}")
    return peopled


def told(ledger: Ledger, at: datetime = LATER) -> list[LogoutNotice]:
    with ledger.read() as unit:
        found = [one for one in unit.outbox.due(at=at, limit=99) if one.kind == KIND]
    assert all(one.destination == read_notice(one.body).client for one in found)
    return sorted((read_notice(one.body) for one in found), key=lambda one: (one.client, one.sid))


TO_BANK = LogoutNotice(client=BANK, sid="sid-bank", subject=SubjectId("an-at-the-bank"))
TO_TAX = LogoutNotice(client=TAX, sid="sid-tax", subject=None)
CAUSES: dict[str, Callable[[Unit], object]] = {
    "a logout": lambda unit: unit.sessions.end(FIRST, at=LATER),
    "this was not me": lambda unit: unit.sessions.end(FIRST, at=LATER, offline=True),
    "an operator ends a person's": lambda unit: unit.sessions.end_by_person(AN, at=LATER),
    "a new epoch": lambda unit: unit.sessions.end_all(at=LATER),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_each_client_that_wants_to_hear_is_told_once_in_the_unit_that_ended_it(
    used: Ledger, cause: str
) -> None:
    with used.begin() as unit:
        CAUSES[cause](unit)
    assert told(used) == [TO_BANK, TO_TAX]
    for again in CAUSES.values():
        with used.begin() as unit:
            again(unit)
    assert told(used) == [TO_BANK, TO_TAX]


def test_what_is_rolled_back_tells_nobody(used: Ledger) -> None:
    def change_ones_mind() -> None:
        with used.begin() as unit:
            unit.sessions.end(FIRST, at=LATER)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_ones_mind()
    assert told(used) == []


def test_nobody_becomes_known_to_a_sector_by_leaving(used: Ledger) -> None:
    with used.begin() as unit:
        unit.sessions.end(FIRST, at=LATER)
    with used.begin() as unit:
        fresh = unit.people.subject(AN, Sector("tax.example"), candidate=SubjectId("new"))
    assert fresh == "new"


def test_a_client_with_public_subjects_is_told_the_public_one(used: Ledger) -> None:
    with used.begin() as unit:
        unit.clients.add(a_client("open", subject_type=SubjectType.PUBLIC, logout=HEARS))
        unit.people.subject(AN, Sector("*"), candidate=SubjectId("an-in-public"))
        unit.sessions.join(FIRST, ClientId("open"), sid="sid-open")
        unit.sessions.end(FIRST, at=LATER)
    assert told(used)[1] == LogoutNotice(
        client=ClientId("open"), sid="sid-open", subject=SubjectId("an-in-public")
    )


def test_a_client_that_is_disabled_or_gone_is_told_nothing(used: Ledger) -> None:
    with used.begin() as unit:
        bank = unit.clients.get(BANK)
        assert bank is not None
        unit.clients.replace(replace(bank, enabled=False, version=2), expected_version=1)
        unit.clients.remove(TAX, at=START)
        assert unit.sessions.end(FIRST, at=LATER)
    assert told(used) == []


def test_a_sign_on_of_several_sessions_names_each_sid_once(used: Ledger) -> None:
    former = a_session(FIRST)
    with used.begin() as unit:
        held = unit.sessions.get(FIRST)
        assert held is not None
        assert unit.sessions.succeed(FIRST, replace(a_session(SECOND), sids=held.sids), at=START)
        assert unit.sessions.succeed(FIRST, replace(a_session(THIRD), sids=former.sids), at=START)
        unit.sessions.join(THIRD, BANK, sid="sid-of-another-tab")
        ended = unit.sessions.end(SECOND, at=LATER)
    assert ended is not None
    assert len(ended.messages) == 3
    assert set(ended.used_at) == {
        UsedAt(client=BANK, sid="sid-bank"),
        UsedAt(client=BANK, sid="sid-of-another-tab"),
        UsedAt(client=TAX, sid="sid-tax"),
        UsedAt(client=DEAF, sid="sid-shop"),
    }
    assert [one.sid for one in told(used)] == ["sid-bank", "sid-of-another-tab", "sid-tax"]


def test_what_a_restore_ended_is_told_afterwards(used: Ledger) -> None:
    with used.begin() as unit:
        unit.people.add(a_person("person-bo", "number-of-bo"))
        unit.sessions.open(replace(a_session(SECOND, person="person-bo"), ended_at=LATER))
        unit.sessions.join(SECOND, BANK, sid="sid-of-bo")
        assert unit.sessions.tell_ended_at(LATER) == 1
    assert [one.sid for one in told(used)] == ["sid-of-bo"]


def test_a_grant_that_outlives_the_session_ends_later_without_telling_again(used: Ledger) -> None:
    with used.begin() as unit:
        unit.grants.add(a_grant("offline", session=FIRST, offline=True))
        unit.sessions.end(FIRST, at=LATER)
        ended = unit.sessions.end(FIRST, at=LATER, offline=True)
    assert ended is not None
    assert ended.messages == ()
    assert len(told(used)) == 2


def test_a_successor_written_meanwhile_does_not_escape_who_ends_a_persons_sessions(
    used: Ledger,
) -> None:
    with used.begin() as unit:
        assert unit.sessions.succeed(FIRST, a_session(SECOND), at=START)
        assert unit.sessions.end_by_person(PersonId(AN), at=LATER) == 2
        found = [unit.sessions.get(key) for key in (FIRST, SECOND)]
    assert [session and session.ended_at for session in found] == [LATER, LATER]


def test_messages_and_their_first_tries_are_known_by_number(used: Ledger) -> None:
    with used.begin() as unit:
        ended = unit.sessions.end(FIRST, at=LATER)
    assert ended is not None
    with used.begin() as unit:
        assert unit.outbox.untried(ended.messages)
        for message in unit.outbox.due(at=LATER, limit=9):
            held = unit.outbox.hold(message, until=LATER + MINUTE)
            assert held is not None
            assert unit.outbox.hold(message, until=LATER + 2 * MINUTE) is None
            assert unit.outbox.untried([message.id])
            unit.outbox.delivered(message)  # not by whoever holds it
            assert unit.outbox.untried([message.id])
            unit.outbox.postpone(held, until=LATER + MINUTE)
        assert not unit.outbox.untried(ended.messages)


def test_destinations_can_be_left_out(used: Ledger) -> None:
    with used.begin() as unit:
        unit.outbox.add(kind="push", destination="", body=b"x", due_at=START)
        unit.sessions.end(FIRST, at=LATER)
    with used.read() as unit:
        due = [
            [one.destination for one in unit.outbox.due(at=LATER, limit=9, **how)]
            for how in ({}, {"unnamed": True}, {"without": ("", "bank")})
        ]
    assert [sorted(one) for one in due] == [["", "bank", "tax"], [""], ["tax"]]


def test_whoever_races_to_end_a_sign_on_it_is_told_exactly_once(ledger_url: str) -> None:
    ledger = open_store("ledger", ledger_url)
    farewell_races.prepare(ledger, ROUNDS)
    every = farewell_races.RACES
    won = winners_of_processes("ledger", ledger_url, every, rounds=ROUNDS)
    assert won == {race.__name__: [1] * ROUNDS for race in every}
    with ledger.read() as unit:
        found = [one for one in unit.outbox.due(at=LATER, limit=5000) if one.kind == KIND]
    ledger.close()
    sids = [read_notice(one.body).sid for one in found]
    assert sorted(sids) == sorted(f"sid-{number}" for number in range(ROUNDS))


def test_the_control_that_looks_before_it_delivers_has_several_winners(ledger_url: str) -> None:
    ledger = open_store("ledger", ledger_url)
    farewell_races.prepare(ledger, ROUNDS)
    ledger.close()
    race = farewell_races.carelessly_delivering
    won = winners_of_processes("ledger", ledger_url, [race], rounds=ROUNDS)[race.__name__]
    assert max(won) > 1
