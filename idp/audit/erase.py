"""The eraser: what rows told goes at the end of its retention; that they were there stays.

A row keeps its place, its time, its stream and its digest, over which the chain runs. What goes is
its payload, and with it every name of a person, a session or a phone. Rows go in the order of the
chain, and each round is an event of its own, in the same commit: an erased row that no such event
covers was erased by somebody else (Regulation (EU) 2016/679 article 5(1)(e)).
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Final

from idp.domain.audit_event import audit_erased

if TYPE_CHECKING:
    from datetime import datetime

    from idp.store.ports import Ledger
    from idp.store.upkeep import AuditRow, AuditTrail

JOB: Final = "audit.erase"
BATCH: Final = 500


def erase_round(ledger: Ledger, *, fence: int, before: datetime, at: datetime) -> int:
    """Erase the oldest payloads from before ``before``, at most 500; give how many rows that was.

    A round that finds nothing to do only reads.

    Raises:
        VersionConflict: the lease was taken over; nothing was written.
    """
    with ledger.read() as unit:
        if not _old(unit.audit, before, limit=1):
            return 0
    with ledger.begin() as unit:
        unit.leases.check(JOB, fence=fence)
        rows = _old(unit.audit, before, limit=BATCH)
        through = max((row.sequence or 0 for row in rows), default=0)
        if not through:
            return 0
        unit.audit.erase(through=through, at=at)
        unit.record(audit_erased(through=through, rows=len(rows), before=before, at=at))
    return len(rows)


def _old(trail: AuditTrail, before: datetime, *, limit: int) -> list[AuditRow]:
    """Give the first rows that still tell something, as long as they are from before then."""
    kept = trail.rows(after=trail.erased_through(), limit=limit)
    return list(takewhile(lambda row: row.at < before, kept))
