"""Units of work: whole or not at all, spent marks, epoch, audit rows, outbox, leases, purge."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.domain import audit_event
from idp.domain.audit_event import digest_input, payload_of
from idp.domain.grant import GrantId, TokenHash
from idp.domain.session import SessionKey
from idp.domain.transaction import TransactionId
from idp.store.ports import AlreadySpent, Duplicate, VersionConflict
from idp.store.sql.engine import WriteInReadingUnit
from idp.store.upkeep import AuditHead
from tests.contract.store.stand_ins import (
    MINUTE,
    START,
    TestVault,
    a_code,
    a_family,
    a_grant,
    a_token,
)

if TYPE_CHECKING:
    from idp.store.ports import Ledger
    from idp.store.upkeep import AuditRow

DAY = timedelta(days=1)


def test_a_thing_is_spent_once_per_kind(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        unit.spend("par", "urn:1", until=START)
        unit.spend("transaction", "urn:1", until=START)
    with pytest.raises(AlreadySpent) as refused, ledger.begin() as unit:
        unit.spend("par", "urn:1", until=START + DAY)
    assert refused.value.kind == "par"


def test_a_reading_unit_tells_what_was_spent_and_only_after_the_commit(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        unit.spend("par", "urn:1", until=START)
        with ledger.read() as other:
            assert not other.is_spent("par", "urn:1")
    with ledger.read() as unit:
        assert unit.is_spent("par", "urn:1")
        assert not unit.is_spent("transaction", "urn:1")
        assert not unit.is_spent("par", "urn:2")


def test_one_conflict_rolls_everything_back(ledger: Ledger) -> None:
    event = audit_event.epoch_bumped(epoch=2, at=START, actor="test")
    with ledger.begin() as unit:
        unit.spend("par", "1", until=START)
    with pytest.raises(AlreadySpent), ledger.begin() as unit:  # noqa: PT012 - the unit fails
        unit.spend("transaction", "2", until=START)
        unit.grants.add_code(a_code())
        unit.record(event)
        unit.spend("par", "1", until=START)
    with ledger.begin() as unit:
        unit.spend("transaction", "2", until=START)
        assert unit.grants.find_code(TokenHash("code-1")) is None
        assert unit.audit.unsealed(limit=10) == []


def test_a_caught_conflict_leaves_the_rest_of_the_unit_whole(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        unit.spend("par", "1", until=START)
        with pytest.raises(AlreadySpent):
            unit.spend("par", "1", until=START)
        unit.spend("par", "2", until=START)
    with pytest.raises(AlreadySpent), ledger.begin() as unit:
        unit.spend("par", "2", until=START)


def test_a_reading_unit_sees_what_was_committed_and_refuses_to_write(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        unit.grants.add_code(a_code())
        with ledger.read() as other:
            assert other.grants.find_code(TokenHash("code-1")) is None
    with ledger.read() as unit:
        assert unit.grants.find_code(TokenHash("code-1")) == a_code()
        with pytest.raises(WriteInReadingUnit):
            unit.spend("par", "1", until=START)


def test_the_epoch_only_grows(ledger: Ledger) -> None:
    with ledger.read() as unit:
        assert unit.epoch() == 1
    with ledger.begin() as unit:
        assert unit.bump_epoch() == 2
        assert unit.epoch() == 2
    with pytest.raises(ZeroDivisionError), ledger.begin() as unit:  # noqa: PT012 - the unit fails
        unit.bump_epoch()
        raise ZeroDivisionError
    with ledger.read() as unit:
        assert unit.epoch() == 2


def record_three(ledger: Ledger) -> list[AuditRow]:
    with ledger.begin() as unit:
        for epoch in (2, 3, 4):
            unit.record(audit_event.epoch_bumped(epoch=epoch, at=START, actor="test"))
        return list(unit.audit.unsealed(limit=10))


def test_an_audit_row_has_its_payload_and_a_mac_over_it(ledger: Ledger) -> None:
    event = audit_event.login_refused(
        reason="cancelled", at=START, transaction=TransactionId("tx"), client=a_grant().client
    )
    with ledger.begin() as unit:
        unit.record(event)
    with ledger.read() as unit:
        (row,) = unit.audit.unsealed(limit=10)
        assert unit.audit.tail() is None
        assert unit.audit.rows(after=0, limit=10) == []
    assert (row.stream, row.at, row.payload) == ("login", START, payload_of(event))
    assert (row.sequence, row.link) == (None, None)
    covered = digest_input(row_id=row.id, stream=row.stream, payload=payload_of(event))
    assert row.digest == TestVault().fingerprint("audit", covered)


def test_rows_wait_in_the_order_they_were_written(ledger: Ledger) -> None:
    rows = record_three(ledger)
    assert [
        b'"epoch":"%d"' % epoch in (row.payload or b"")
        for epoch, row in zip((2, 3, 4), rows, strict=True)
    ] == [True] * 3
    assert len({row.id for row in rows}) == 3
    with ledger.read() as unit:
        assert unit.audit.unsealed(limit=2) == rows[:2]


def test_a_row_is_sealed_once_and_read_in_sequence(ledger: Ledger) -> None:
    rows = record_three(ledger)
    with ledger.begin() as unit:
        unit.audit.seal(rows[1].id, sequence=1, link=b"one")
        unit.audit.seal(rows[0].id, sequence=2, link=b"two")
    with pytest.raises(VersionConflict), ledger.begin() as unit:
        unit.audit.seal(rows[0].id, sequence=3, link=b"three")
    with pytest.raises(Duplicate), ledger.begin() as unit:
        unit.audit.seal(rows[2].id, sequence=2, link=b"three")
    with ledger.read() as unit:
        assert [row.id for row in unit.audit.rows(after=0, limit=9)] == [rows[1].id, rows[0].id]
        assert [row.link for row in unit.audit.rows(after=1, limit=9)] == [b"two"]
        tail = unit.audit.tail()
        assert unit.audit.unsealed(limit=9) == [rows[2]]
    assert tail is not None
    assert (tail.id, tail.sequence) == (rows[0].id, 2)


def test_heads_are_kept_by_sequence(ledger: Ledger) -> None:
    heads = [
        AuditHead(sequence=number, link=b"x", at=START, statement=f"jws-{number}")
        for number in (1, 2)
    ]
    with ledger.begin() as unit:
        for head in reversed(heads):
            unit.audit.add_head(head)
    with ledger.read() as unit:
        assert unit.audit.heads() == heads


def test_the_outbox_gives_what_is_due_until_it_is_delivered_or_given_up(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        for number in (3, 1, 2):
            unit.outbox.add(
                kind="logout",
                destination=f"https://shop.example/{number}",
                body=b"\x00token",
                due_at=START + number * MINUTE,
            )
    with ledger.begin() as unit:
        assert unit.outbox.due(at=START, limit=10) == []
        first, second = unit.outbox.due(at=START + 2 * MINUTE, limit=10)
        assert (first.destination, first.body, first.attempts) == (
            "https://shop.example/1",
            b"\x00token",
            0,
        )
        unit.outbox.postpone(first, until=START + 9 * MINUTE)
        unit.outbox.delivered(second)
        (third,) = unit.outbox.due(at=START + 8 * MINUTE, limit=10)
        unit.outbox.abandon(third, at=START + 8 * MINUTE)
        (again,) = unit.outbox.due(at=START + DAY, limit=10)
        assert (again.id, again.attempts, again.due_at) == (first.id, 1, START + 9 * MINUTE)
        assert len(unit.outbox.due(at=START + DAY, limit=0)) == 0


def test_a_lease_is_one_holders_until_it_ends_and_fences_the_former(ledger: Ledger) -> None:
    def take(holder: str, minute: float) -> int | None:
        with ledger.begin() as unit:
            return unit.leases.take(
                "purge", holder=holder, at=START + minute * MINUTE, lasts=MINUTE
            )

    assert take("a", 0) == 1
    assert take("b", 0.5) is None
    assert take("a", 0.5) == 1
    assert take("b", 1.4) is None
    assert take("b", 1.5) == 2
    assert take("a", 1.6) is None
    with ledger.begin() as unit:
        unit.leases.check("purge", fence=2)
    for job, fence in (("purge", 1), ("purge", 3), ("other", 1)):
        with pytest.raises(VersionConflict), ledger.begin() as unit:
            unit.leases.check(job, fence=fence)
    assert take("b", 9) == 3
    with ledger.read() as unit:
        [held] = unit.leases.held()
    assert (held.job, held.holder, held.fence) == ("purge", "b", 3)
    assert held.until == START + 10 * MINUTE


def test_the_purge_takes_what_is_over_and_leaves_what_lives(peopled: Ledger) -> None:
    with peopled.begin() as unit:
        unit.grants.add_code(a_code())
        unit.grants.add(a_grant())
        unit.grants.add_access_token(a_token())
        unit.grants.add_family(a_family())
        unit.spend("old", "1", until=START)
        unit.spend("new", "1", until=START + 200 * DAY)
        assert unit.purge(before=START, limit=100) == 0
    with peopled.begin() as unit:
        assert unit.purge(before=START + DAY, limit=100) == 3
        assert unit.grants.find_code(TokenHash("code-1")) is None
        assert unit.grants.live_token(TokenHash("token-1")) is None
        unit.spend("old", "1", until=START)
        with pytest.raises(AlreadySpent):
            unit.spend("new", "1", until=START)
        assert unit.grants.get(GrantId("grant-1")) == a_grant()
    with peopled.begin() as unit:
        unit.sessions.join(SessionKey("session-1"), a_grant().client, sid="sid")
        assert unit.purge(before=START + 100 * DAY, limit=2) == 2
        assert unit.purge(before=START + 100 * DAY, limit=100) == 3
        assert unit.grants.get(GrantId("grant-1")) is None
        assert unit.sessions.get(SessionKey("session-1")) is None


def test_the_database_has_a_time(ledger: Ledger) -> None:
    assert ledger.database_time().utcoffset() == timedelta(0)
