"""Tells each guest that something changed: at a hint, or when the wheel comes round to it.

A guest is found by hints before its login is read, so that nothing falls between the two. A hint
is passed on as it comes, without a look into any store: it says only that something may have
changed, and the page asks what. On the wheel the login's mark is compared with the one remembered.
A hint that was lost is found there; who was told already, and is still here, is told once more.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from idp.errors import LOGIN_ELSEWHERE, LOGIN_UNKNOWN, Refused
from idp.waiting import saying
from idp.waiting.room import SLOTS, Guest, Room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from typing import Protocol

    from idp.waiting.looking import Looking, Mark, Seen

    _Found = TypeVar("_Found")

    class Run(Protocol):
        """Does some work elsewhere, and then gives what it found, or ``None`` if it failed."""

        def __call__(
            self, work: Callable[[], _Found], done: Callable[[_Found | None], None]
        ) -> None:
            """Return at once."""
            ...


_Item = TypeVar("_Item")

ROUND_SECONDS: Final = 1.8
"""The wheel's round: with a read and a send, a lost hint costs less than two seconds."""
TICK_SECONDS: Final = ROUND_SECONDS / SLOTS
PING_ROUNDS: Final = 8
"""A guest hears from us at least once in so many rounds, as proxies and pages expect."""
MOST_PER_LOGIN: Final = 16
_AT_ONCE: Final = 512
_NOT_FOUND: Final = 404
_TOO_MANY: Final = 429
_UNAVAILABLE: Final = 503
_COME_BACK_MS: Final = 5000


class Attendant:
    """Attends to the guests of one process, in one thread; ``run`` does what may wait elsewhere."""

    def __init__(
        self,
        looking: Looking,
        *,
        run: Run,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self.room = Room()
        self._looking = looking
        self._run = run
        self._now = now
        self._entropy = entropy
        self._entering = _Gathered(self._enter_some)
        self._moved = _Gathered(self._look_at_some)
        self._due = _Gathered(self._compare_some)

    # --- guests come and go -----------------------------------------------------------------------

    def enter(self, guest: Guest, cookie: str | None) -> None:
        """Admit or refuse a guest, after its login was read."""
        self.room.join(guest)
        self._entering.add((guest, cookie))

    def leave(self, guest: Guest) -> None:
        """Forget a guest that is gone."""
        self.room.leave(guest)

    def _enter_some(self, some: list[tuple[Guest, str | None]], go_on: Callable[[], None]) -> None:
        asking = [(guest.login, cookie) for guest, cookie in some]

        def found(seen: Sequence[Seen | Refused] | None) -> None:
            for place, (guest, _) in enumerate(some):
                self._entered(guest, None if seen is None else seen[place])
            go_on()

        self._run(lambda: self._looking.enter(asking), found)

    def _entered(self, guest: Guest, seen: Seen | Refused | None) -> None:
        if seen is None or isinstance(seen, Refused):
            self._refuse(guest, _status(seen))
        elif seen.over:
            self._refuse(guest, saying.OVER)
        elif self._crowded(guest):
            self._refuse(guest, _TOO_MANY)
        else:
            guest.mark, guest.ends = seen.mark, seen.ends
            guest.admit()
            guest.say(saying.READY)
            if guest.hinted:
                guest.say(saying.CHANGED)

    def _refuse(self, guest: Guest, status: int) -> None:
        self.room.leave(guest)
        guest.refuse(status)

    def _crowded(self, guest: Guest) -> bool:
        others = self.room.waiting_for(guest.login)
        return sum(other.mark is not None for other in others) >= MOST_PER_LOGIN

    # --- something changed ------------------------------------------------------------------------

    def heard(self, channels: Iterable[str] | None) -> None:
        """Take hints; ``None`` means that some may have been lost, so everybody is looked after."""
        if channels is None:
            self._compare(self.room)
            return
        for hinted in channels:
            guests = self.room.at(hinted)
            for guest in guests:
                guest.hinted = True
                if guest.mark is not None:
                    guest.say(saying.CHANGED)

    def _look_at_some(self, guests: list[Guest], go_on: Callable[[], None]) -> None:
        logins = [guest.login for guest in guests]

        def found(seen: Sequence[Seen] | None) -> None:
            for place, guest in enumerate(guests):
                self._tell(guest, None if seen is None else seen[place])
            go_on()

        self._run(lambda: self._looking.look(logins), found)

    def _tell(self, guest: Guest, seen: Seen | None) -> None:
        """Tell a guest; where the store did not answer, the page may have more luck."""
        if seen is not None and seen.over:
            self._end(guest)
            return
        if seen is not None:
            guest.mark, guest.ends = seen.mark, seen.ends
        guest.say(saying.CHANGED)

    def _end(self, guest: Guest) -> None:
        self.room.leave(guest)
        guest.end(saying.CHANGED + saying.END)

    # --- the wheel --------------------------------------------------------------------------------

    def turn(self) -> None:
        """Turn the wheel by one slot; to be called every ``TICK_SECONDS``."""
        turned, guests = self.room.turn()
        if not guests:
            return
        moment = self._now().timestamp()
        for place, guest in enumerate(guests):
            if guest.mark is None:
                continue
            if moment >= guest.ends:
                self._end(guest)
            elif (turned // SLOTS + place) % PING_ROUNDS == 0:
                guest.say(saying.PING)
        self._compare(guests)

    def _compare(self, guests: Iterable[Guest]) -> None:
        self._due.add(*(guest for guest in guests if guest.mark is not None))

    def _compare_some(self, guests: list[Guest], go_on: Callable[[], None]) -> None:
        logins = [guest.login for guest in guests]

        def found(marks: Sequence[Mark] | None) -> None:
            moved = zip(guests, marks or (), strict=False)
            self._moved.add(*(guest for guest, mark in moved if mark != guest.mark))
            go_on()

        self._run(lambda: self._looking.marks(logins), found)

    def drain(self) -> None:
        """Send every guest away; each comes back, to another process, at a moment of its own."""
        for guest in self.room:
            self.room.leave(guest)
            if guest.mark is None:
                guest.refuse(_UNAVAILABLE)
            else:
                moment = int.from_bytes(self._entropy(2), "big") % _COME_BACK_MS
                guest.end(saying.retry(moment))


class _Gathered(Generic[_Item]):
    """Gathers what comes while earlier things are under way, each once: few batches, not many."""

    def __init__(self, do: Callable[[list[_Item], Callable[[], None]], None]) -> None:
        """Take what does a batch and then calls what it was given."""
        self._do = do
        self._waiting: dict[_Item, None] = {}
        self._busy = False

    def add(self, *items: _Item) -> None:
        self._waiting.update(dict.fromkeys(items))
        if self._waiting and not self._busy:
            self._go()

    def _go(self) -> None:
        self._busy = bool(self._waiting)
        if self._busy:
            some = list(islice(self._waiting, _AT_ONCE))
            for item in some:
                del self._waiting[item]
            self._do(some, self._go)


def _status(refused: Refused | None) -> int:
    """Say the same of a login that is unknown and of one that is another browser's."""
    hidden = refused is not None and refused.problem in {LOGIN_UNKNOWN, LOGIN_ELSEWHERE}
    return _NOT_FOUND if hidden else _UNAVAILABLE
