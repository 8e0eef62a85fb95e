"""How many threads may wait for hosts of clients: never the last ones that answer others.

What is fetched while somebody waits, be it keys or request objects, is fetched from one room.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from threading import Lock

from idp.domain.client import ClientId
from idp.errors import UNAVAILABLE, Refused


@dataclass(kw_only=True, slots=True)
class WaitingRoom:
    """The places; whoever enters or leaves holds ``lock``."""

    free: int
    each: int
    lock: Lock = field(default_factory=Lock)
    taken: Counter[ClientId] = field(default_factory=Counter)

    def enter(self, client: ClientId) -> None:
        """Take a place for a host of this client. Raises: Refused(UNAVAILABLE)."""
        if not self.free or self.taken[client] >= self.each:
            raise Refused(UNAVAILABLE, "too many wait for the hosts of clients")
        self.free -= 1
        self.taken[client] += 1

    def leave(self, client: ClientId) -> None:
        """Give the place back."""
        self.free += 1
        self.taken[client] -= 1
        if not self.taken[client]:
            del self.taken[client]


def room_of(threads: int) -> WaitingRoom:
    """Give the room of a worker with so many threads: one more than half, all but one a client."""
    free = max(1, min(threads // 2 + 1, threads - 1))
    return WaitingRoom(free=free, each=max(1, free - 1))
