"""What the trail told is erased when its retention is over, in order; the trail stays whole."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.audit import erase, seal
from idp.audit.heads import HeadSigner
from idp.audit.verify import verify, verify_end
from idp.domain import audit_event
from idp.domain.audit_event import Kind
from idp.domain.person import PersonId
from idp.store.ports import VersionConflict
from tests.contract.store.stand_ins import START, TestVault
from tests.contract.store.test_sealed_columns import as_operator

if TYPE_CHECKING:
    from datetime import datetime

    from idp.audit.verify import Report
    from idp.store.ports import Ledger

SIGNER = HeadSigner(bytes(32))
DAY = timedelta(days=1)
LATER = START + 100 * DAY


@pytest.fixture
def days(ledger: Ledger) -> Ledger:
    """One person's row a day for ten days, in the chain; both jobs are held."""
    with ledger.begin() as unit:
        for job in (seal.JOB, erase.JOB):
            assert unit.leases.take(job, holder="keeper", at=START, lasts=1000 * DAY) == 1
        for day in range(10):
            unit.record(seen(START + day * DAY))
    seal.seal_round(ledger, SIGNER, fence=1, at=START)
    return ledger


def seen(at: datetime) -> audit_event.AuditEvent:
    return audit_event.person_changed(
        person=PersonId("somebody"), at=at, actor="test", change="seen"
    )


def erased(ledger: Ledger, *, before: datetime) -> int:
    return erase.erase_round(ledger, fence=1, before=before, at=LATER)


def sealed_report(ledger: Ledger) -> Report:
    seal.seal_round(ledger, SIGNER, fence=1, at=LATER)
    return verify(ledger, TestVault(), SIGNER)


def told(ledger: Ledger) -> list[bool]:
    with ledger.read() as unit:
        rows = [*unit.audit.rows(after=0, limit=100), *unit.audit.unsealed(limit=100)]
    return [row.payload is not None for row in rows]


def test_what_is_older_is_erased_and_the_trail_stays_whole(days: Ledger) -> None:
    assert erased(days, before=START + 4 * DAY) == 4
    assert told(days) == [False] * 4 + [True] * 6 + [True]
    found = sealed_report(days)
    assert (found.rows, found.erased, found.findings) == (11, 4, ())
    assert verify_end(days, TestVault(), SIGNER, rows=100).findings == ()


def test_the_erasure_is_an_event_and_names_nobody(days: Ledger) -> None:
    erased(days, before=START + 4 * DAY)
    with days.read() as unit:
        (row,) = unit.audit.unsealed(limit=10)
    assert row.payload is not None
    event = json.loads(row.payload)
    assert event["kind"] == Kind.AUDIT_ERASED
    assert (event["details"]["through"], event["details"]["rows"]) == ("4", "4")
    assert "person" not in event


def test_the_event_counts_before_it_is_sealed_too(days: Ledger) -> None:
    erased(days, before=START + 4 * DAY)
    found = verify(days, TestVault(), SIGNER)
    assert (found.erased, found.unsealed, found.findings) == (4, 1, ())


def test_each_round_goes_on_where_the_last_one_ended(days: Ledger) -> None:
    assert [erased(days, before=START + day * DAY) for day in (0, 3, 3, 7)] == [0, 3, 0, 4]
    assert sealed_report(days).findings == ()


def test_a_round_takes_no_more_than_a_batch(days: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erase, "BATCH", 6)
    assert [erased(days, before=LATER) for _ in range(3)] == [6, 4, 0]


def test_what_is_not_in_the_chain_yet_is_kept(days: Ledger) -> None:
    with days.begin() as unit:
        unit.record(seen(START))
    assert erased(days, before=LATER) == 10
    assert told(days) == [False] * 10 + [True, True]


def test_the_events_of_erasures_are_erased_in_their_turn(days: Ledger) -> None:
    erased(days, before=START + 4 * DAY)
    seal.seal_round(days, SIGNER, fence=1, at=LATER)
    assert erase.erase_round(days, fence=1, before=LATER + DAY, at=LATER + 2 * DAY) == 7
    found = sealed_report(days)
    assert (found.rows, found.erased, found.findings) == (12, 11, ())


def test_a_row_erased_beyond_what_is_on_record_is_found(days: Ledger, ledger_url: str) -> None:
    erased(days, before=START + 4 * DAY)
    as_operator(ledger_url, "UPDATE audit SET payload = NULL WHERE sequence <= 6")
    as_operator(ledger_url, "INSERT INTO audit_erasures (through, at) VALUES (6, 0)")
    found = sealed_report(days)
    assert [(one.fault, one.sequence) for one in found.findings] == [("row_erased", 5)]


def test_an_eraser_that_lost_its_lease_erases_nothing(days: Ledger) -> None:
    with days.begin() as unit:
        unit.leases.take(erase.JOB, holder="other", at=START + 2000 * DAY, lasts=DAY)
    with pytest.raises(VersionConflict):
        erased(days, before=LATER)
    assert all(told(days))


def test_nothing_is_erased_twice(days: Ledger) -> None:
    with days.begin() as unit:
        assert unit.audit.erase(through=3, at=LATER) == 3
    for through in (2, 3):
        with pytest.raises(VersionConflict), days.begin() as unit:
            unit.audit.erase(through=through, at=LATER)
