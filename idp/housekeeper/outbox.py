"""Delivery of what must happen after a commit: at least once, each kind by its own handler.

A few threads deliver, so that one slow client delays nobody else. Each message is held in the
Ledger first, under the job's fence, by one process for a minute; the hold is then the finer fence:
whoever delivered says what became of it as long as nobody else took it. What cannot be delivered
comes back later and later, and is given up after two days of trying.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from idp import log
from idp.housekeeper.job import Round
from idp.store.ports import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from idp.store.ports import Ledger
    from idp.store.upkeep import OutboxMessage

JOB: Final = "outbox"
_THREADS: Final = 8
_LANE: Final = 6
"""Threads for messages to clients, and as many for those to phones: each lane leaves two free."""
_TO_ONE: Final = 2
"""Threads for one client."""
_LOOK: Final = 64
_HELD: Final = timedelta(minutes=1)
"""Longer than any handler may take."""
PATIENCE: Final = 0.25
_DRAIN: Final = 8.0
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
        patience: float = PATIENCE,
    ) -> None:
        """Take ``patience``, the seconds that a round waits for what is on the way."""
        self._ledger = ledger
        self._handlers = handlers
        self._now = now
        self._entropy = entropy
        self._patience = patience
        self._pool = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix=JOB)
        self._on_the_way: dict[Future[int], str] = {}

    def round(self, *, fence: int, at: datetime) -> Round:
        """Send off what there are threads for, and wait a moment for what is on the way.

        The count is of what arrived since the round before.

        Raises:
            StoreUnavailable, VersionConflict: of this round, or of a delivery that ended in it.
        """
        for message in self._held(fence=fence, at=at):
            self._on_the_way[self._pool.submit(self._deliver, message)] = message.destination
        # What is on the way keeps others of its destination back: look again when it arrived.
        more = bool(self._on_the_way)
        return Round(count=self._arrived(seconds=self._patience), more=more)

    def settle(self) -> None:
        """Wait for what is on the way before the process ends, within the time of its drain."""
        self._arrived(seconds=_DRAIN)

    def _arrived(self, *, seconds: float) -> int:
        done, _ = wait(self._on_the_way, timeout=seconds)
        for future in done:
            del self._on_the_way[future]
        return sum(future.result() for future in done)

    def _held(self, *, fence: int, at: datetime) -> list[OutboxMessage]:
        """Hold as many of the due messages as there are threads for, in each lane."""
        flying = list(self._on_the_way.values())
        named = [name for name in flying if name]
        with self._ledger.read() as unit:
            phones = unit.outbox.due(at=at, limit=_LANE - flying.count(""), unnamed=True)
            clients: Sequence[OutboxMessage] = ()
            if len(named) < _LANE:
                clients = unit.outbox.due(at=at, limit=_LOOK, without=("", *dict.fromkeys(named)))
        chosen = [*phones, *_some(clients, _LANE - len(named))][: _THREADS - len(flying)]
        if not chosen:
            return []
        until = self._now() + _HELD
        with self._ledger.begin() as unit:
            unit.leases.check(JOB, fence=fence)
            held = [unit.outbox.hold(message, until=until) for message in chosen]
        return [message for message in held if message is not None]

    def _deliver(self, message: OutboxMessage) -> int:
        """Try one message and store what became of it; 1 when it was delivered."""
        handler = self._handlers.get(message.kind)
        if handler is None:
            # A newer version may have written it; when we are upgraded it is still there.
            _tell(message, logging.WARNING, detail="no handler for this kind of message")
            self._postpone(message, until=self._now() + _UNKNOWN_KIND)
            return 0
        try:
            handler(message)
        except NotDelivered as error:
            self._failed(message, str(error))
            return 0
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a fault in one message must not end the others
            self._failed(message, log.where(error))
            return 0
        with self._ledger.begin() as unit:
            unit.outbox.delivered(message)
        return 1

    def _failed(self, message: OutboxMessage, detail: str) -> None:
        attempts = message.attempts + 1
        if attempts >= _MOST_ATTEMPTS:
            _tell(message, logging.ERROR, detail=f"given up: {detail}")
            with self._ledger.begin() as unit:
                unit.outbox.abandon(message, at=self._now())
            return
        _tell(message, logging.WARNING, detail=detail)
        pause = min(_LONGEST_RETRY, _FIRST_RETRY * 2 ** min(message.attempts, 20))
        share = 0.5 + int.from_bytes(self._entropy(2), "big") / 0x20000
        self._postpone(message, until=self._now() + pause * share)

    def _postpone(self, message: OutboxMessage, *, until: datetime) -> None:
        with self._ledger.begin() as unit:
            unit.outbox.postpone(message, until=until)


def _some(messages: Sequence[OutboxMessage], most: int) -> list[OutboxMessage]:
    """Choose at most ``most``, and few for one destination."""
    chosen: list[OutboxMessage] = []
    counted: dict[str, int] = {}
    for message in messages:
        if len(chosen) == most:
            break
        if counted.get(message.destination, 0) < _TO_ONE:
            counted[message.destination] = counted.get(message.destination, 0) + 1
            chosen.append(message)
    return chosen


def _tell(message: OutboxMessage, level: int, *, detail: str) -> None:
    log.write(
        "outbox.waiting",
        level=level,
        job=message.kind,
        attempts=message.attempts + 1,
        detail=detail,
    )
