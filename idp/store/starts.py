"""Approvals that no phone has claimed, on the Ephemeral store: sealed, and lost without harm.

A start is found by its identifier, by its eight-character code and by the browser that shows it;
the last two are only signs to the first. One that came back after it was dropped opens nothing: the
Ledger knows that it was claimed.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from idp.store.ports import VersionConflict
from idp.store.shelf import Shelf
from mobile_flow.model import ApprovalId, Start

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.store.ports import Vault
    from idp.store.short_lived import Ephemeral

_Open = tuple[tuple[str, str], ...]
"""Browser and start, of each that waits at one place."""
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
        self._open: Shelf[_Open] = Shelf(
            ephemeral, vault, "start-open", _Open, lasts=_LASTS, now=now
        )
        self._shut: Shelf[datetime] = Shelf(
            ephemeral, vault, "start-shut-until", datetime, lasts=_LASTS, now=now
        )
        self._now = now

    def put(self, start: Start, *, lasts: timedelta) -> None:
        """Keep it, the signs first, so that nobody finds less than all of it."""
        if start.code is not None:
            self._codes.put(start.code, start.id, lasts=lasts)
        self._browsers.put(start.browser, start.id)
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

    def last_of(self, browser: str) -> ApprovalId | None:
        """Read the sign, whatever became of what it points at."""
        held = self._browsers.get(browser) if 0 < len(browser) <= _LONGEST else None
        return None if held is None else ApprovalId(held.value)

    def occupy(self, where: str, start: Start, *, most: int) -> bool:
        """Keep a list of those that wait; whoever lost a race for it once is let through."""
        held = self._open.get(where)
        listed = () if held is None else held.value
        others = tuple(
            one
            for one in listed
            if one[0] != start.browser and self.get(ApprovalId(one[1])) is not None
        )
        if len(others) >= most:
            return False
        mine: _Open = (*others, (start.browser, start.id))
        try:
            if held is None:
                self._open.put(where, mine)
            else:
                self._open.swap(where, mine, version=held.version)
        except VersionConflict:
            pass
        return True

    def shut(self, who: str, *, until: datetime) -> None:
        """Leave a sign that ends by itself."""
        self._shut.put(who, until, lasts=until - self._now())

    def shut_until(self, who: str) -> datetime | None:
        """Read the sign."""
        held = self._shut.get(who)
        return None if held is None else held.value

    def bump(self, key: str, *, lasts: timedelta) -> int:
        """Count up; the key, which may name an address or a person, is kept as a hash."""
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        return self._ephemeral.bump(f"phone-count:{digest}", lasts=lasts)

    def _signed(self, shelf: Shelf[str], sign: str) -> Start | None:
        if not 0 < len(sign) <= _LONGEST:
            return None
        held = shelf.get(sign)
        return None if held is None else self.get(ApprovalId(held.value))
