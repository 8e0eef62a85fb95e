"""How many logins one address may open in a minute: each takes room in the Ephemeral store.

Generous, since a whole office may stand behind one address. Who went over is remembered in this
process until the minute ends, and refused without asking the store.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from idp.domain.network_site import site
from idp.errors import TOO_MANY_REQUESTS, Refused
from idp.store.ports import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.store.short_lived import Ephemeral

WINDOW: Final = timedelta(minutes=1)
_MOST_REMEMBERED: Final = 10_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Openings:
    """Counts the logins that each address opens; ``most`` in a ``WINDOW``, 0 for any number."""

    def __init__(self, ephemeral: Ephemeral, *, most: int, now: Callable[[], datetime]) -> None:
        self._ephemeral = ephemeral
        self._most = most
        self._now = now
        self._over: set[str] = set()
        self._window = 0

    def admit(self, address: str | None) -> None:
        """Count one opening. Raises: Refused(TOO_MANY_REQUESTS)."""
        if not self._most:
            return
        since = self._now() - _EPOCH
        window = since // WINDOW
        if window != self._window:
            self._window, self._over = window, set()
        key = f"opens:{window}:{site(address or '')}"
        if key not in self._over:
            try:
                if self._ephemeral.bump(key, lasts=WINDOW) <= self._most:
                    return
            except StoreUnavailable:
                return  # nothing can be opened without the store, either
            if len(self._over) < _MOST_REMEMBERED:
                self._over.add(key)
        raise Refused(
            TOO_MANY_REQUESTS,
            "too many logins opened from one address",
            wait=(window + 1) * WINDOW - since,
        )
