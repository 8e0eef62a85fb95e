"""Refusals are counted by code and minute, and become one row each, once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.audit.refusals import JOB, RefusalCollector, RefusalCounter
from idp.store.ports import StoreUnavailable, VersionConflict

if TYPE_CHECKING:
    from idp.store.ports import Ledger
    from idp.store.short_lived import Ephemeral
    from tests.contract.store.stand_ins import Clock

MINUTE = timedelta(minutes=1)
CODES = ("invalid_client", "invalid_request", "unknown_client")


def rows(ledger: Ledger) -> list[tuple[str, str]]:
    with ledger.read() as unit:
        found = [json.loads(row.payload or b"") for row in unit.audit.unsealed(limit=100)]
    assert all(row["kind"] == "refusals.counted" for row in found)
    return [(row["details"]["code"], row["details"]["count"]) for row in found]


def collect(ledger: Ledger, ephemeral: Ephemeral, clock: Clock, fence: int | None = None) -> int:
    """Collect as a process that has just started, holding the lease."""
    with ledger.begin() as unit:
        taken = unit.leases.take(JOB, holder="one", at=clock.at, lasts=MINUTE)
    collector = RefusalCollector(ledger, ephemeral, codes=CODES)
    return collector.collect(fence=taken or 0 if fence is None else fence, at=clock.at)


def test_a_closed_minute_becomes_a_row_for_each_code(
    ledger: Ledger, ephemeral: Ephemeral, clock: Clock
) -> None:
    counters = [RefusalCounter(ephemeral, now=clock) for _ in range(2)]
    for counter in counters:
        counter.count("unknown_client")
        counter.count("unknown_client")
        counter.count("invalid_client")
    assert collect(ledger, ephemeral, clock) == 0
    clock.move(2 * MINUTE)
    assert collect(ledger, ephemeral, clock) == 2
    assert rows(ledger) == [("invalid_client", "2"), ("unknown_client", "4")]


def test_a_minute_is_recorded_once_whoever_collects_it(
    ledger: Ledger, ephemeral: Ephemeral, clock: Clock
) -> None:
    RefusalCounter(ephemeral, now=clock).count("invalid_client")
    clock.move(2 * MINUTE)
    assert collect(ledger, ephemeral, clock) == 1
    # The store lost the deletion, as a failover may: the Ledger still knows.
    minute = int((clock.at - 2 * MINUTE).timestamp() // 60)
    ephemeral.put(f"refused:{minute}:invalid_client", b"", lasts=MINUTE)
    assert collect(ledger, ephemeral, clock) == 0
    assert rows(ledger) == [("invalid_client", "1")]


def test_minutes_are_recorded_apart(ledger: Ledger, ephemeral: Ephemeral, clock: Clock) -> None:
    counter = RefusalCounter(ephemeral, now=clock)
    for _ in range(3):
        counter.count("invalid_request")
        clock.move(MINUTE)
    clock.move(MINUTE)
    assert collect(ledger, ephemeral, clock) == 3
    assert rows(ledger) == [("invalid_request", "1")] * 3


def test_a_housekeeper_that_lost_its_lease_records_nothing(
    ledger: Ledger, ephemeral: Ephemeral, clock: Clock
) -> None:
    RefusalCounter(ephemeral, now=clock).count("invalid_client")
    clock.move(2 * MINUTE)
    with pytest.raises(VersionConflict):
        collect(ledger, ephemeral, clock, fence=99)
    assert rows(ledger) == []
    collect(ledger, ephemeral, clock)
    assert [code for code, _ in rows(ledger)] == ["invalid_client"]


def test_counting_never_fails_a_request(clock: Clock) -> None:
    class Away:
        def bump(self, key: str, *, lasts: timedelta) -> int:
            raise StoreUnavailable(f"{key} for {lasts}")

    RefusalCounter(Away(), now=clock).count("invalid_client")  # type: ignore[arg-type]
