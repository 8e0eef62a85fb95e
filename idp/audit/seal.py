"""The sealer: links rows that were committed, so that commits never queue behind the chain.

One sealer at a time holds the lease; its fencing number is checked in the unit that writes, so a
sealer that slept through its lease writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from idp.audit.chain import GENESIS, next_link

if TYPE_CHECKING:
    from datetime import datetime

    from idp.audit.heads import HeadSigner
    from idp.store.ports import Ledger
    from idp.store.upkeep import AuditRow, AuditTrail

JOB: Final = "audit.seal"
BATCH: Final = 500
_HEAD_EVERY: Final = timedelta(seconds=60)
_HEAD_ROWS: Final = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealed:
    """What one round did: how many rows it linked and whether it signed a head."""

    rows: int
    head: bool


def seal_round(ledger: Ledger, signer: HeadSigner, *, fence: int, at: datetime) -> Sealed:
    """Link every committed row that is not linked yet, in one unit, at most 500.

    A round that finds nothing to do only reads. The head is computed from what is read in the unit;
    the signature is made after it and before the unit that stores it, never inside one.

    Raises:
        VersionConflict: the lease was taken over; nothing was written.
    """
    with ledger.read() as unit:
        last = unit.audit.last_head()
        idle = not unit.audit.unsealed(limit=1)
        tail = unit.audit.tail() if idle else None
    rows = 0
    if not idle:
        with ledger.begin() as unit:
            unit.leases.check(JOB, fence=fence)
            tail, rows = _link(unit.audit)
    sequence = tail.sequence if tail and tail.sequence is not None else 0
    link = tail.link if tail and tail.link is not None else GENESIS
    due = sequence > 0 and (
        last is None
        or sequence - last.sequence >= _HEAD_ROWS
        or (sequence > last.sequence and at - last.at >= _HEAD_EVERY)
    )
    if due:
        head = signer.sign(sequence=sequence, link=link, at=at)
        with ledger.begin() as unit:
            unit.leases.check(JOB, fence=fence)
            unit.audit.add_head(head)
    return Sealed(rows=rows, head=due)


def _link(trail: AuditTrail) -> tuple[AuditRow | None, int]:
    """Link what waits; give the tail that results and how many rows were linked."""
    pending = trail.unsealed(limit=BATCH)
    tail = trail.tail()
    sequence = tail.sequence if tail and tail.sequence is not None else 0
    link = tail.link if tail and tail.link is not None else GENESIS
    for row in pending:
        sequence += 1
        link = next_link(link, sequence=sequence, row=row)
        trail.seal(row.id, sequence=sequence, link=link)
        tail = replace(row, sequence=sequence, link=link)
    return tail, len(pending)
