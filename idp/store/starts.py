"""Approvals that no phone has claimed, on the Ephemeral store: sealed, and lost without harm.

A start is found by its identifier, by its eight-character code and by the browser that shows it;
the last two are only signs to the first. One that came back after it was dropped opens nothing: the
Ledger knows that it was claimed.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from idp.store.shelf import Shelf
from mobile_flow.model import ApprovalId, Start

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.store.ports import Vault
    from idp.store.short_lived import Ephemeral

_LASTS: Final = timedelta(minutes=5)
_LONGEST: Final = 200
"""A key is what somebody may have typed: nothing longer is looked up."""


class EphemeralStarts:
    """``mobile_flow.ports.Starts``."""

    def __init__(self, ephemeral: Ephemeral, vault: Vault, *, now: Callable[[], datetime]) -> None:
        self._ephemeral = ephemeral
        self._starts: Shelf[Start] = Shelf(ephemeral, vault, "start", Start, lasts=_LASTS, now=now)
        self._codes: Shelf[str] = Shelf(ephemeral, vault, "start-code", str, lasts=_LASTS, now=now)
        self._browsers: Shelf[str] = Shelf(
            ephemeral, vault, "start-browser", str, lasts=_LASTS, now=now
        )

    def put(self, start: Start, *, lasts: timedelta) -> None:
        """Keep it, the signs first, so that nobody finds less than all of it."""
        if start.code is not None:
            self._codes.put(start.code, start.id, lasts=lasts)
        self._browsers.put(start.browser, start.id, lasts=lasts)
        self._starts.put(start.id, start, lasts=lasts)

    def get(self, start_id: ApprovalId) -> Start | None:
        """Read by identifier."""
        if not 0 < len(start_id) <= _LONGEST:
            return None
        held = self._starts.get(start_id)
        return None if held is None else held.value

    def by_code(self, code: str) -> Start | None:
        """Read by the code; one that was renewed since is found by its new code alone."""
        start = self._signed(self._codes, code)
        return start if start is not None and start.code == code else None

    def of_browser(self, browser: str) -> Start | None:
        """Read the latest of a browser."""
        start = self._signed(self._browsers, browser)
        return start if start is not None and start.browser == browser else None

    def drop(self, start_id: ApprovalId) -> None:
        """Forget it; what points at it points at nothing."""
        self._starts.take(start_id)

    def bump(self, key: str, *, lasts: timedelta) -> int:
        """Count up; the key, which may name an address or a person, is kept as a hash."""
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        return self._ephemeral.bump(f"phone-count:{digest}", lasts=lasts)

    def _signed(self, shelf: Shelf[str], sign: str) -> Start | None:
        if not 0 < len(sign) <= _LONGEST:
            return None
        held = shelf.get(sign)
        return None if held is None else self.get(ApprovalId(held.value))
