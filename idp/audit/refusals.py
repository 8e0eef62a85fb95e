"""Refusals of anonymous requests, counted: one number per code and minute, not a row a request.

The counters stand in the Ephemeral store, where any worker may raise them. A closed minute becomes
audit rows, and the Ledger decides that it does so once. Counting is never a reason to refuse.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from idp.domain.audit_event import refusals_counted
from idp.store.ports import AlreadySpent, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from idp.store.ports import Ledger
    from idp.store.short_lived import Ephemeral

JOB: Final = "audit.refusals"
_SPENT_AS: Final = "refusals"
_MINUTE: Final = timedelta(minutes=1)
_LATE: Final = timedelta(seconds=10)
"""How long after its end a minute is still being counted: the clocks of workers may differ."""
_LOOK_BACK: Final = timedelta(hours=1)
_LASTS: Final = timedelta(hours=2)


class RefusalCounter:
    """What a worker calls when it refuses somebody it does not know."""

    def __init__(self, ephemeral: Ephemeral, *, now: Callable[[], datetime]) -> None:
        self._ephemeral = ephemeral
        self._now = now

    def count(self, code: str) -> None:
        """Add one to ``code``, a catalogue code; an Ephemeral store that is away forgets it."""
        minute = _minute_of(self._now())
        with suppress(StoreUnavailable):
            if self._ephemeral.bump(_counter(minute, code), lasts=_LASTS) == 1:
                # Keys cannot be listed, so the first one leaves word that there is a number.
                self._ephemeral.put(_seen(minute, code), b"", lasts=_LASTS)
                self._ephemeral.put(_seen(minute), b"", lasts=_LASTS)


class RefusalCollector:
    """Turns the counters of closed minutes into audit rows."""

    def __init__(self, ledger: Ledger, ephemeral: Ephemeral, *, codes: Iterable[str]) -> None:
        """Take ``codes``, every code there may be a counter for."""
        self._ledger = ledger
        self._ephemeral = ephemeral
        self._codes = tuple(sorted(codes))
        self._through: int | None = None

    def collect(self, *, fence: int, at: datetime) -> int:
        """Record what the minutes closed by ``at`` counted; give the number of rows.

        A crash in the middle leaves each number recorded once or not yet; a number read before the
        crash and recorded after it is one too high, for a counter is read by raising it.

        Raises:
            StoreUnavailable: the next round goes on from the same minute.
            VersionConflict: the lease was taken over.
        """
        last = _minute_of(at - _LATE) - 1
        first = _minute_of(at - _LOOK_BACK) if self._through is None else self._through + 1
        rows = 0
        for minute in range(first, last + 1):
            if self._ephemeral.get(_seen(minute)) is not None:
                rows += self._record(minute, fence=fence)
            self._through = minute
        return rows

    def _record(self, minute: int, *, fence: int) -> int:
        """Record one minute, each code in a unit of its own."""
        rows = 0
        for code in self._codes:
            if self._ephemeral.get(_seen(minute, code)) is None:
                continue
            count = self._ephemeral.bump(_counter(minute, code), lasts=_LASTS) - 1
            rows += self._record_once(minute, code, count, fence=fence)
            self._ephemeral.take(_seen(minute, code))
        return rows

    def _record_once(self, minute: int, code: str, count: int, *, fence: int) -> int:
        begun = datetime.fromtimestamp(minute * _MINUTE.total_seconds(), UTC)
        try:
            with self._ledger.begin() as unit:
                unit.leases.check(JOB, fence=fence)
                unit.spend(_SPENT_AS, f"{minute}:{code}", until=begun + _LOOK_BACK + _LASTS)
                if count > 0:
                    unit.record(refusals_counted(code=code, count=count, at=begun))
        except AlreadySpent:
            return 0
        return int(count > 0)


def _minute_of(at: datetime) -> int:
    return int(at.timestamp() // _MINUTE.total_seconds())


def _counter(minute: int, code: str) -> str:
    return f"refusals:{minute}:{code}"


def _seen(minute: int, code: str = "") -> str:
    return f"refused:{minute}:{code}"
