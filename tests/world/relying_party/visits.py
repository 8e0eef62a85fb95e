"""Who is visiting: sign-ins under way and citizens signed in, by a random cookie, in memory."""

from __future__ import annotations

import base64
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.world.relying_party.sign_in import Pending, SignedIn

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.world.relying_party.logout_token import LoggedOut

_MOST: Final = 1000
_SECRET_BYTES: Final = 32
_MOST_PENDING: Final = 8


@dataclass(kw_only=True, slots=True)
class Visit:
    """One browser.

    Attributes:
        pending: sign-ins that it began, by state: several tabs may have begun one.
        leaving: the state of a sign-out that it began.
        told: the provider said that the citizen signed out there.
    """

    id: str = field(repr=False)
    pending: OrderedDict[str, Pending] = field(default_factory=OrderedDict)
    citizen: SignedIn | None = None
    leaving: str | None = field(default=None, repr=False)
    told: bool = False

    def began(self, pending: Pending) -> None:
        """Remember a sign-in; the oldest of too many is forgotten."""
        self.pending[pending.state] = pending
        while len(self.pending) > _MOST_PENDING:
            self.pending.popitem(last=False)


class Visits:
    """All visits; threads may share it. The oldest of too many is forgotten."""

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        self._entropy = entropy
        self._kept: OrderedDict[str, Visit] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, secret: str | None) -> Visit | None:
        """The visit of this cookie."""
        with self._lock:
            return None if secret is None else self._kept.get(secret)

    def open(self) -> Visit:
        """A new visit."""
        with self._lock:
            visit = Visit(id=self.secret())
            self._kept[visit.id] = visit
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
            return visit

    def signed_in(self, visit: Visit, citizen: SignedIn) -> Visit:
        """The same visit under a new secret: one that was planted before is worth nothing."""
        with self._lock:
            self._kept.pop(visit.id, None)
            fresh = Visit(id=self.secret(), citizen=citizen)
            self._kept[fresh.id] = fresh
            return fresh

    def logged_out(self, over: LoggedOut) -> int:
        """End whatever the provider says is over; give how many citizens were signed out."""
        ended = 0
        with self._lock:
            for visit in self._kept.values():
                if visit.citizen is not None and _is_over(visit.citizen, over):
                    visit.citizen, visit.told = None, True
                    ended += 1
        return ended

    def close(self, visit: Visit) -> None:
        """Forget a visit."""
        with self._lock:
            self._kept.pop(visit.id, None)

    def secret(self) -> str:
        """A random word."""
        raw = self._entropy(_SECRET_BYTES)
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _is_over(citizen: SignedIn, over: LoggedOut) -> bool:
    if over.sid is not None:
        return bool(citizen.claims.get("sid") == over.sid)
    return citizen.subject == over.subject
