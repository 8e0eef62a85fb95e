"""The jobs there are, and how often each is looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from idp.audit import erase, refusals, seal
from idp.errors import CATALOGUE
from idp.housekeeper import departures, outbox
from idp.housekeeper.job import Job, Round

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from idp.audit.heads import HeadSigner
    from idp.housekeeper.job import Work
    from idp.housekeeper.outbox import Handler
    from idp.store.ports import Ledger
    from idp.store.short_lived import Ephemeral

KEYS: Final = "keys"
PURGE: Final = "purge"

NAMES: Final = (seal.JOB, outbox.JOB, KEYS, refusals.JOB, PURGE, erase.JOB)
"""Every job, for whoever looks whether somebody does them."""

_PURGE_ROWS: Final = 500
_DEPARTURES: Final = 50
_RECEIPTS: Final = timedelta(days=730)
_AUDIT: Final = timedelta(days=3650)
_KEPT_AFTER_END: Final = timedelta(hours=1)
"""A spent code is recognised as reused, not as unknown, until this long after its end."""


def jobs(  # noqa: PLR0913 - one argument for each thing that jobs work on
    *,
    ledger: Ledger,
    ephemeral: Ephemeral,
    signer: HeadSigner,
    advance_keys: Callable[[], int],
    handlers: Mapping[str, Handler],
    now: Callable[[], datetime],
    entropy: Callable[[int], bytes],
    receipts: timedelta = _RECEIPTS,
    retention: timedelta = _AUDIT,
) -> tuple[Job, ...]:
    """Give every job; ``advance_keys`` does what policy and clock demand, and counts changes.

    ``receipts`` is how long what people approved by phone is kept, ``retention`` how long what the
    audit trail tells.
    """
    collector = refusals.RefusalCollector(ledger, ephemeral, codes=CATALOGUE)
    delivery = outbox.Delivery(ledger, handlers, now=now, entropy=entropy)

    def sealing(*, fence: int, at: datetime) -> Round:
        sealed = seal.seal_round(ledger, signer, fence=fence, at=at)
        return Round(count=sealed.rows, more=sealed.rows == seal.BATCH)

    def promotion(*, fence: int, at: datetime) -> Round:
        # The ring writes with a generation of its own, which is a finer fence than the lease's.
        del fence, at
        return Round(count=advance_keys())

    def purging(*, fence: int, at: datetime) -> Round:
        with ledger.begin() as unit:
            unit.leases.check(PURGE, fence=fence)
            gone = departures.show_out(unit, at=at, limit=_DEPARTURES)
            gone += unit.purge(
                before=at - _KEPT_AFTER_END, limit=_PURGE_ROWS - gone, receipts_before=at - receipts
            )
        return Round(count=gone, more=gone == _PURGE_ROWS)

    def erasing(*, fence: int, at: datetime) -> Round:
        gone = erase.erase_round(ledger, fence=fence, before=at - retention, at=at)
        return Round(count=gone, more=gone == erase.BATCH)

    def counting(*, fence: int, at: datetime) -> Round:
        return Round(count=collector.collect(fence=fence, at=at))

    def job(name: str, work: Work, *, every: float, lasts: float) -> Job:
        pause, life = timedelta(seconds=every), timedelta(seconds=lasts)
        return Job(name=name, work=work, every=pause, lasts=life)

    return (
        job(seal.JOB, sealing, every=0.5, lasts=10),
        replace(
            # A logout waits a moment for its messages to leave: look often.
            job(outbox.JOB, delivery.round, every=0.2, lasts=30),
            settle=delivery.settle,
        ),
        job(KEYS, promotion, every=30, lasts=90),
        job(refusals.JOB, counting, every=15, lasts=60),
        job(PURGE, purging, every=60, lasts=180),
        job(erase.JOB, erasing, every=600, lasts=1800),
    )
