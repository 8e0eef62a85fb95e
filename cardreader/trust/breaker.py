"""A responder that failed again and again is left alone for a while, then tried by one caller."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Final

_FAILURES: Final = 5
_REST: Final = dt.timedelta(seconds=10)


class Breaker:
    """Counts failures by name; safe in threads."""

    def __init__(self, *, failures: int = _FAILURES, rest: dt.timedelta = _REST) -> None:
        """Open after so many ``failures`` in a row, for ``rest``."""
        self._failures = failures
        self._rest = rest
        self._lock = threading.Lock()
        self._bad: dict[str, tuple[int, dt.datetime]] = {}

    def admits(self, name: str, now: dt.datetime) -> bool:
        """Tell whether to try; after a rest, the first that asks tries for all."""
        with self._lock:
            count, since = self._bad.get(name, (0, now))
            # A clock that went back must not make the rest longer.
            if count < self._failures or not dt.timedelta() <= now - since < self._rest:
                if count >= self._failures:
                    self._bad[name] = (count, now)
                return True
            return False

    def failed(self, name: str, now: dt.datetime) -> None:
        """Note that no answer came."""
        with self._lock:
            self._bad[name] = (self._bad.get(name, (0, now))[0] + 1, now)

    def answered(self, name: str) -> None:
        """Note that one came, whatever it said."""
        with self._lock:
            self._bad.pop(name, None)
