"""The loop: every job in its time, each judged alone; one that fails waits longer and longer."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from idp import log
from idp.errors import Refused
from idp.housekeeper.job import Job, Lease, work_once
from idp.store.ports import StoreUnavailable
from keys.errors import KeysError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from idp.housekeeper.job import Round
    from idp.store.ports import Ledger

_SHORTEST_PAUSE: Final = 0.001
"""Seconds; what is due sooner than this is not waited for in ever smaller steps."""
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
_RETRY_LEASE: Final = 0.5
"""A process without the lease asks again after this part of the lease's life."""


class _Turn:
    """A job, when it is next due (monotonic seconds), and how often it failed in a row."""

    def __init__(self, job: Job, lease: Lease, *, due: float) -> None:
        self.job = job
        self.lease = lease
        self.due = due
        self.failures = 0


class Housekeeper:
    """Runs jobs until it is told to stop."""

    def __init__(  # noqa: PLR0913 - the jobs, and everything that is injected
        self,
        jobs: Sequence[Job],
        *,
        ledger: Ledger,
        holder: str,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        wait: Callable[[float], bool],
        entropy: Callable[[int], bytes],
    ) -> None:
        """Take ``wait``, which sleeps for seconds and gives ``True`` as soon as it must stop.

        ``holder`` names this process in its leases; no other process may bear the same name.
        """
        start = monotonic()
        self._turns = [_Turn(job, Lease(ledger, job, holder=holder), due=start) for job in jobs]
        self._now = now
        self._monotonic = monotonic
        self._wait = wait
        self._entropy = entropy

    def run(self) -> None:
        """Run until ``wait`` says stop; a round that has begun is ended first."""
        pause = 0.0
        while not self._wait(pause):
            moment = self._monotonic()
            for turn in self._turns:
                if turn.due <= moment:
                    self._attempt(turn)
            left = min(turn.due for turn in self._turns) - self._monotonic()
            pause = max(_SHORTEST_PAUSE, left) if left > 0 else 0.0
        self._release()

    def once(self) -> dict[str, int | None]:
        """Run every job until nothing waits; give what each did, ``None`` where it could not."""
        done: dict[str, int | None] = {}
        for turn in self._turns:
            total: int | None = 0
            while total is not None:
                result = self._attempt(turn)
                total = None if result is None else total + result.count
                if result is None or not result.more:
                    break
            done[turn.job.name] = total
        self._release()
        return done

    def _release(self) -> None:
        """Leave the jobs to whoever comes next, who need not wait for the leases to end."""
        for turn in self._turns:
            with suppress(StoreUnavailable):
                if turn.job.settle is not None:
                    turn.job.settle()
            with suppress(StoreUnavailable):
                turn.lease.release(self._now())

    def _attempt(self, turn: _Turn) -> Round | None:
        """Do one round and settle when the next is due."""
        job = turn.job
        begun = self._monotonic()
        try:
            result = work_once(job, turn.lease, at=self._now())
        except Refused as error:
            self._failed(turn, code=error.problem.code, detail=error.detail)
            return None
        except KeysError as error:
            self._failed(turn, code="keys", detail=str(error))
            return None
        except Exception as error:  # noqa: BLE001 - a fault in one job must not end the others
            self._failed(turn, code="fault", detail=log.where(error))
            return None
        if turn.failures:
            log.write("housekeeper.recovered", job=job.name, attempts=turn.failures)
        turn.failures = 0
        if result is None:
            turn.due = self._monotonic() + job.lasts.total_seconds() * _RETRY_LEASE
            return None
        if result.count:
            taken = round((self._monotonic() - begun) * 1000)
            log.write("housekeeper.done", job=job.name, count=result.count, milliseconds=taken)
        turn.due = self._monotonic() + (0.0 if result.more else job.every.total_seconds())
        return result

    def _failed(self, turn: _Turn, *, code: str, detail: str) -> None:
        turn.failures += 1
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(turn.failures - 1, 10))
        # Between half and all of it, so that many housekeepers do not come back together.
        share = 0.5 + int.from_bytes(self._entropy(2), "big") / 0x20000
        turn.due = self._monotonic() + pause * share
        log.write(
            "housekeeper.failed",
            level=logging.ERROR if turn.failures > 1 else logging.WARNING,
            job=turn.job.name,
            code=code,
            detail=detail,
            attempts=turn.failures,
        )
