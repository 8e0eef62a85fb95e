"""The loop: leases, pauses, faults that stay alone."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from idp.housekeeper.job import Job, Lease, Round, work_once
from idp.housekeeper.loop import Housekeeper
from idp.store.ports import StoreUnavailable, VersionConflict

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from idp.housekeeper.job import Work
    from idp.store.ports import Ledger
    from tests.contract.store.stand_ins import Clock

SECOND = timedelta(seconds=1)


class Time:
    """One clock for wall and monotonic time; waiting moves it, and ends the story at its end."""

    def __init__(self, clock: Clock, *, lasts: timedelta) -> None:
        self.clock = clock
        self.start = clock.at
        self.lasts = lasts

    def monotonic(self) -> float:
        return (self.clock.at - self.start).total_seconds()

    def wait(self, seconds: float) -> bool:
        self.clock.move(timedelta(seconds=seconds))
        return self.clock.at - self.start >= self.lasts


class Diary:
    """Work that notes when it was done, and fails as often as it is told to."""

    def __init__(self, clock: Clock, *faults: Exception, rounds: list[Round] | None = None) -> None:
        self.clock = clock
        self.faults = list(faults)
        self.rounds = rounds or []
        self.at: list[datetime] = []

    def __call__(self, *, fence: int, at: datetime) -> Round:
        del fence
        self.at.append(at)
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault
        return self.rounds.pop(0) if self.rounds else Round()


def a_housekeeper(ledger: Ledger, time: Time, *jobs: Job, holder: str = "one") -> Housekeeper:
    return Housekeeper(
        jobs,
        ledger=ledger,
        holder=holder,
        now=time.clock,
        monotonic=time.monotonic,
        wait=time.wait,
        entropy=secrets.token_bytes,
    )


def a_job(work: Work, name: str = "job", every: timedelta = SECOND) -> Job:
    return Job(name=name, work=work, every=every, lasts=30 * SECOND)


def test_each_job_runs_in_its_own_time(ledger: Ledger, clock: Clock) -> None:
    often, seldom = Diary(clock), Diary(clock)
    time = Time(clock, lasts=10 * SECOND)
    jobs = a_job(often, "often"), a_job(seldom, "seldom", every=5 * SECOND)
    a_housekeeper(ledger, time, *jobs).run()
    assert [(at - time.start) / SECOND for at in often.at] == list(range(10))
    assert [(at - time.start) / SECOND for at in seldom.at] == [0, 5]


def test_a_job_with_more_to_do_does_not_pause(ledger: Ledger, clock: Clock) -> None:
    diary = Diary(clock, rounds=[Round(count=9, more=True), Round(count=1)])
    time = Time(clock, lasts=SECOND)
    a_housekeeper(ledger, time, a_job(diary)).run()
    assert diary.at == [time.start, time.start]


def test_a_job_that_fails_waits_longer_and_stops_no_other(
    ledger: Ledger, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    away = [StoreUnavailable("away") for _ in range(4)]
    failing, healthy = Diary(clock, *away), Diary(clock)
    time = Time(clock, lasts=60 * SECOND)
    with caplog.at_level("INFO", logger="sesame"):
        a_housekeeper(ledger, time, a_job(failing, "failing"), a_job(healthy, "healthy")).run()
    pauses = [later - earlier for earlier, later in zip(failing.at, failing.at[1:], strict=False)]
    bounds = [(most / 2 * SECOND, most * SECOND) for most in (1, 2, 4, 8)]
    for pause, (least, most) in zip(pauses, bounds, strict=False):
        # A pause ends at the loop's next look, which the healthy job makes every second.
        assert least <= pause <= most + SECOND
    assert len(healthy.at) == 60
    assert "housekeeper.recovered" in caplog.messages


def test_an_unforeseen_fault_is_logged_by_place_and_stops_no_other_job(
    ledger: Ledger, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    failing, healthy = Diary(clock, ValueError("1985.07.30-033.28")), Diary(clock)
    time = Time(clock, lasts=2 * SECOND)
    with caplog.at_level("INFO", logger="sesame"):
        a_housekeeper(ledger, time, a_job(failing, "failing"), a_job(healthy, "healthy")).run()
    fields = [record.sesame_fields for record in caplog.records if record.levelname == "WARNING"]  # type: ignore[attr-defined]
    assert fields[0]["code"] == "fault"
    assert "ValueError at test_loop.py" in fields[0]["detail"]
    assert "1985" not in str(fields)
    assert len(healthy.at) == 2


def test_two_housekeepers_never_do_one_job_at_a_time(ledger: Ledger, clock: Clock) -> None:
    first, second = Diary(clock), Diary(clock)
    job = "job"
    one = Lease(ledger, a_job(first, job), holder="one")
    two = Lease(ledger, a_job(second, job), holder="two")
    assert work_once(a_job(first, job), one, at=clock.at) is not None
    assert work_once(a_job(second, job), two, at=clock.at) is None
    clock.move(31 * SECOND)
    assert work_once(a_job(second, job), two, at=clock.at) is not None
    assert work_once(a_job(first, job), one, at=clock.at) is None
    assert len(first.at) == len(second.at) == 1


def test_a_housekeeper_that_slept_through_its_lease_writes_nothing(
    ledger: Ledger, clock: Clock
) -> None:
    def work(*, fence: int, at: datetime) -> Round:
        """Sleep, while another takes the lease over; then try to write."""
        del at
        with ledger.begin() as unit:
            later = clock.at + 31 * SECOND
            unit.leases.take("job", holder="two", at=later, lasts=30 * SECOND)
        with ledger.begin() as unit:
            unit.spend("written", "here", until=clock.at + SECOND)
            unit.leases.check("job", fence=fence)
        return Round(count=1)

    job = a_job(work)
    assert work_once(job, Lease(ledger, job, holder="one"), at=clock.at) is None
    with ledger.begin() as unit:
        unit.spend("written", "here", until=clock.at + SECOND)


def test_a_lease_is_prolonged_at_half_of_its_life_and_not_before(
    ledger: Ledger, clock: Clock
) -> None:
    lease = Lease(ledger, a_job(Diary(clock)), holder="one")
    until = []
    for _ in range(3):
        lease.hold(clock.at)
        with ledger.read() as unit:
            until.append(unit.leases.held()[0].until - clock.at)
        clock.move(10 * SECOND)
    assert until == [30 * SECOND, 20 * SECOND, 30 * SECOND]
    with ledger.read() as unit:
        assert unit.leases.held()[0].fence == 1


def test_a_housekeeper_that_ends_leaves_its_jobs_to_the_next(ledger: Ledger, clock: Clock) -> None:
    first, second = Diary(clock), Diary(clock)
    a_housekeeper(ledger, Time(clock, lasts=SECOND), a_job(first), holder="one").run()
    a_housekeeper(ledger, Time(clock, lasts=SECOND), a_job(second), holder="two").run()
    assert first.at
    assert second.at


def test_a_housekeeper_that_ends_takes_nothing_from_another(ledger: Ledger, clock: Clock) -> None:
    lease = Lease(ledger, a_job(Diary(clock)), holder="one")
    lease.hold(clock.at)
    clock.move(31 * SECOND)
    with ledger.begin() as unit:
        unit.leases.take("job", holder="two", at=clock.at, lasts=30 * SECOND)
    lease.release(clock.at)
    with ledger.read() as unit:
        [held] = unit.leases.held()
    assert (held.holder, held.until) == ("two", clock.at + 30 * SECOND)


def test_once_works_until_nothing_waits_and_says_what_it_did(ledger: Ledger, clock: Clock) -> None:
    busy = Diary(clock, rounds=[Round(count=500, more=True), Round(count=3)])
    time = Time(clock, lasts=SECOND)
    with ledger.begin() as unit:
        unit.leases.take("taken", holder="two", at=clock.at, lasts=SECOND)
    jobs = (
        a_job(busy, "busy"),
        a_job(Diary(clock), "taken"),
        a_job(Diary(clock, VersionConflict("over")), "lost"),
        a_job(Diary(clock, StoreUnavailable("away")), "away"),
        a_job(Diary(clock), "idle"),
    )
    done = a_housekeeper(ledger, time, *jobs).once()
    assert done == {"busy": 503, "taken": None, "lost": None, "away": None, "idle": 0}


def test_a_ledger_that_is_away_does_not_end_the_loop(ledger: Ledger, clock: Clock) -> None:
    class Away:
        def begin(self) -> None:
            raise StoreUnavailable("away")

    time = Time(clock, lasts=30 * SECOND)
    diary = Diary(clock)
    away: Callable[[], object] = Away
    a_housekeeper(away(), time, a_job(diary)).run()  # type: ignore[arg-type]
    assert diary.at == []
    assert clock.at - time.start >= 30 * SECOND
    del ledger
