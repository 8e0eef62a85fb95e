"""How often one address may fail to authenticate as one client, before it must wait.

Failures are counted in the Ephemeral store, one round trip each; a success asks nobody. Who failed
too often is remembered in this process and refused before any work. The pair is counted, not the
client: guessing from one address shuts nobody else out (OWASP ASVS 5 section 6.3.1).
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Final

from idp.errors import TOO_MANY_REQUESTS, Refused
from idp.store.ports import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.store.short_lived import Ephemeral

WINDOW: Final = timedelta(seconds=60)
MOST_FAILURES: Final = 20
_MOST_REMEMBERED: Final = 10_000


class Throttle:
    """Counts failures of (client, address); ``most`` in a ``window`` are forgiven."""

    def __init__(
        self,
        ephemeral: Ephemeral,
        *,
        now: Callable[[], datetime],
        most: int = MOST_FAILURES,
        window: timedelta = WINDOW,
    ) -> None:
        self._ephemeral = ephemeral
        self._now = now
        self._most = most
        self._window = window
        self._lock = Lock()
        self._waiting: dict[str, datetime] = {}
        self._counts: dict[str, tuple[int, datetime]] = {}

    def admit(self, client_id: str, address: str | None) -> None:
        """Let pass who has not failed too often. Raises: Refused(TOO_MANY_REQUESTS)."""
        if self._waiting:
            until = self._waiting.get(_key(client_id, address))
            now = self._now()
            if until is not None and now < until:
                detail = "too many failures of this client and address"
                raise Refused(TOO_MANY_REQUESTS, detail, wait=until - now)

    def failed(self, client_id: str, address: str | None) -> None:
        """Count a failure. Raises: Refused(TOO_MANY_REQUESTS) for one too many."""
        key = _key(client_id, address)
        try:
            count = self._ephemeral.bump(key, lasts=self._window)
        except StoreUnavailable:
            count = self._count_here(key)
        if count > self._most:
            with self._lock:
                _make_room(self._waiting)
                self._waiting[key] = self._now() + self._window
            detail = "one failure too many of this client and address"
            raise Refused(TOO_MANY_REQUESTS, detail, wait=self._window)

    def _count_here(self, key: str) -> int:
        """Count in this process alone, for as long as the store does not answer."""
        now = self._now()
        with self._lock:
            count, ends = self._counts.get(key, (0, now))
            if now >= ends:
                count, ends = 0, now + self._window
                _make_room(self._counts)
            self._counts[key] = (count + 1, ends)
        return count + 1


def _make_room(held: dict[str, datetime] | dict[str, tuple[int, datetime]]) -> None:
    """Forget the oldest of a full memory: bounded, and only ever too forgiving."""
    while len(held) >= _MOST_REMEMBERED:
        del held[next(iter(held))]


def _key(client_id: str, address: str | None) -> str:
    pair = f"{client_id}\x00{address or ''}".encode()
    return f"client-failures:{hashlib.sha256(pair).hexdigest()}"
