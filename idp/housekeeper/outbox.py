"""Delivery of what must happen after a commit: at least once, each kind by its own handler.

A handler does its input and output outside any unit of work. What it cannot deliver comes back
later and later, and is given up after two days of trying.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from idp import log
from idp.housekeeper.job import Round

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from idp.store.ports import Ledger
    from idp.store.upkeep import OutboxMessage

JOB: Final = "outbox"
_BATCH: Final = 20
_FIRST_RETRY: Final = timedelta(seconds=5)
_LONGEST_RETRY: Final = timedelta(hours=1)
_MOST_ATTEMPTS: Final = 60
_UNKNOWN_KIND: Final = timedelta(hours=1)


class NotDelivered(Exception):
    """The other side did not take the message; the text is a private sentence for the log."""


class Handler(Protocol):
    """Delivers messages of one kind, within the outbound deadline."""

    def __call__(self, message: OutboxMessage) -> None:
        """Deliver, or deliver again. Raises: NotDelivered."""
        ...


class Delivery:
    """The outbox's job."""

    def __init__(
        self,
        ledger: Ledger,
        handlers: Mapping[str, Handler],
        *,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._ledger = ledger
        self._handlers = handlers
        self._now = now
        self._entropy = entropy

    def round(self, *, fence: int, at: datetime) -> Round:
        """Deliver what is due, at most twenty. Raises: StoreUnavailable, VersionConflict."""
        with self._ledger.read() as unit:
            due = unit.outbox.due(at=at, limit=_BATCH)
        delivered = sum(self._deliver(message, fence=fence) for message in due)
        return Round(count=delivered, more=len(due) == _BATCH)

    def _deliver(self, message: OutboxMessage, *, fence: int) -> int:
        """Try one message and store what became of it; 1 when it was delivered."""
        handler = self._handlers.get(message.kind)
        if handler is None:
            # A newer version may have written it; when we are upgraded it is still there.
            _tell(message, logging.WARNING, detail="no handler for this kind of message")
            self._postpone(message, until=self._now() + _UNKNOWN_KIND, fence=fence)
            return 0
        try:
            handler(message)
        except NotDelivered as error:
            self._failed(message, str(error), fence=fence)
            return 0
        with self._ledger.begin() as unit:
            unit.leases.check(JOB, fence=fence)
            unit.outbox.delivered(message.id)
        return 1

    def _failed(self, message: OutboxMessage, detail: str, *, fence: int) -> None:
        attempts = message.attempts + 1
        if attempts >= _MOST_ATTEMPTS:
            _tell(message, logging.ERROR, detail=f"given up: {detail}")
            with self._ledger.begin() as unit:
                unit.leases.check(JOB, fence=fence)
                unit.outbox.abandon(message.id, at=self._now())
            return
        _tell(message, logging.WARNING, detail=detail)
        pause = min(_LONGEST_RETRY, _FIRST_RETRY * 2 ** min(message.attempts, 20))
        share = 0.5 + int.from_bytes(self._entropy(2), "big") / 0x20000
        self._postpone(message, until=self._now() + pause * share, fence=fence)

    def _postpone(self, message: OutboxMessage, *, until: datetime, fence: int) -> None:
        with self._ledger.begin() as unit:
            unit.leases.check(JOB, fence=fence)
            unit.outbox.postpone(message.id, until=until)


def _tell(message: OutboxMessage, level: int, *, detail: str) -> None:
    log.write(
        "outbox.waiting",
        level=level,
        job=message.kind,
        attempts=message.attempts + 1,
        detail=detail,
    )
