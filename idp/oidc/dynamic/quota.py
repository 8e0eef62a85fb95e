"""How often one address may register or change anything in an hour: each time is work and a row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from idp.domain.network_site import site
from idp.errors import TOO_MANY_REQUESTS, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.store.short_lived import Ephemeral

WINDOW: Final = timedelta(hours=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Quota:
    """Counts by address; ``most`` in an hour, 0 for any number."""

    def __init__(self, ephemeral: Ephemeral, *, most: int, now: Callable[[], datetime]) -> None:
        self._ephemeral = ephemeral
        self._most = most
        self._now = now

    def admit(self, address: str | None) -> None:
        """Count one. Raises: Refused(TOO_MANY_REQUESTS), StoreUnavailable: nobody counted."""
        if not self._most:
            return
        since = self._now() - _EPOCH
        hour = since // WINDOW
        key = f"registers:{hour}:{site(address or '')}"
        if self._ephemeral.bump(key, lasts=WINDOW) > self._most:
            raise Refused(
                TOO_MANY_REQUESTS,
                "too many registrations from one address",
                wait=(hour + 1) * WINDOW - since,
            )
