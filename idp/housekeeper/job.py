"""A job, and the lease that lets one process do it at a time.

A lease is prolonged when half of it has passed, so a quiet job costs no commit a second. Its
fencing number is checked by the job inside every unit that writes: whoever slept through its lease
writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from idp.store.ports import VersionConflict

if TYPE_CHECKING:
    from datetime import datetime

    from idp.store.ports import Ledger


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What one round of a job did: how many things, and whether more are waiting now."""

    count: int = 0
    more: bool = False


class Work(Protocol):
    """One bounded round of work, under a lease."""

    def __call__(self, *, fence: int, at: datetime) -> Round:
        """Work, checking ``fence`` in every unit that writes.

        Raises:
            VersionConflict: the lease was taken over.
            StoreUnavailable: a store is away.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A named piece of work.

    Attributes:
        every: the pause between rounds.
        lasts: the lease's life, more than twice the pause so that it never lapses between rounds.
        settle: waits for what a round may have left on the way, before the process ends.
    """

    name: str
    work: Work
    every: timedelta
    lasts: timedelta = timedelta(seconds=30)
    settle: Callable[[], None] | None = None


class Lease:
    """One process's hold on one job."""

    def __init__(self, ledger: Ledger, job: Job, *, holder: str) -> None:
        self._ledger = ledger
        self._job = job
        self._holder = holder
        self._fence: int | None = None
        self._until: datetime | None = None

    def hold(self, at: datetime) -> int | None:
        """Give the fencing number, taking or prolonging the lease as needed.

        ``None`` while another process holds it. Raises: StoreUnavailable.
        """
        if (
            self._fence is not None
            and self._until is not None
            and self._until - self._job.lasts <= at < self._until - self._job.lasts / 2
        ):
            return self._fence
        self.forget()
        with self._ledger.begin() as unit:
            fence = unit.leases.take(
                self._job.name, holder=self._holder, at=at, lasts=self._job.lasts
            )
        if fence is not None:
            self._fence, self._until = fence, at + self._job.lasts
        return fence

    def release(self, at: datetime) -> None:
        """Let another process have it at once, if it is still ours. Raises: StoreUnavailable."""
        if self._fence is None:
            return
        self.forget()
        with self._ledger.begin() as unit:
            unit.leases.take(self._job.name, holder=self._holder, at=at, lasts=timedelta(0))

    def forget(self) -> None:
        """Ask again next time: something went wrong, or somebody else has it."""
        self._fence = self._until = None


def work_once(job: Job, lease: Lease, *, at: datetime) -> Round | None:
    """Do one round if the lease can be had; ``None`` while another process does the job.

    Raises:
        StoreUnavailable: a store is away.
    """
    fence = lease.hold(at)
    if fence is None:
        return None
    try:
        return job.work(fence=fence, at=at)
    except VersionConflict:
        lease.forget()
        return None
    except BaseException:
        lease.forget()
        raise
