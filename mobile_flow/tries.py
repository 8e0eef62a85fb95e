"""How often something may be tried: counted before it is tried, so that no race gives one more."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

from mobile_flow.errors import TooMany

if TYPE_CHECKING:
    from datetime import timedelta


class Counters(Protocol):
    """The short-lived counters of ``mobile_flow.ports.Starts``."""

    def bump(self, key: str, *, lasts: timedelta) -> int:
        """Count up, the first bump setting the life; give the new count."""
        ...


def spend(counters: Counters, kind: str, who: str, *, most: int, lasts: timedelta) -> None:
    """Count one try of ``who``. Raises: TooMany for the first after ``most`` within ``lasts``."""
    digest = hashlib.sha256(f"{kind}\x00{who}".encode()).hexdigest()
    if counters.bump(f"try:{kind}:{digest[:32]}", lasts=lasts) > most:
        raise TooMany(f"too many tries: {kind}", wait=lasts)
