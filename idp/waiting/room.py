"""Who waits for what: guests by channel, and on a wheel that comes round to each in its time.

The wheel has many small slots instead of one moment for all, because ten thousand guests in one
moment would keep everybody else waiting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from idp.login.transactions import channel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idp.waiting.looking import Mark

SLOTS: Final = 36


class Guest(Protocol):
    """A browser that waits.

    Attributes:
        login: the identifier of its login.
        mark: how the login stood when the browser was last told; ``None`` until it is admitted.
        ends: when the login expires, as seconds of the epoch.
        hinted: something changed since it came; matters until it is admitted.
        slot: its place on the wheel.
    """

    login: str
    mark: Mark
    ends: float
    hinted: bool
    slot: int

    def admit(self) -> None:
        """Begin the stream of events."""
        ...

    def refuse(self, status: int) -> None:
        """Answer with a status, and close."""
        ...

    def say(self, event: bytes) -> None:
        """Send an event; a guest that takes none any more is let go."""
        ...

    def end(self, event: bytes) -> None:
        """Send a last event, and close."""
        ...


class Room:
    """The guests of one process."""

    def __init__(self) -> None:
        self._by_channel: dict[str, tuple[Guest, ...]] = {}
        self._wheel: list[set[Guest]] = [set() for _ in range(SLOTS)]
        self._next_slot = 0
        self._at = 0

    def join(self, guest: Guest) -> None:
        """Let hints of its login find the guest from now on, and the wheel too."""
        where = channel(guest.login)
        self._by_channel[where] = (*self._by_channel.get(where, ()), guest)
        guest.slot = self._next_slot
        self._next_slot = (self._next_slot + 1) % SLOTS
        self._wheel[guest.slot].add(guest)

    def leave(self, guest: Guest) -> None:
        """Forget the guest, if it is here."""
        if guest not in self._wheel[guest.slot]:
            return
        self._wheel[guest.slot].discard(guest)
        where = channel(guest.login)
        left = tuple(other for other in self._by_channel[where] if other is not guest)
        if left:
            self._by_channel[where] = left
        else:
            del self._by_channel[where]

    def waiting_for(self, login: str) -> tuple[Guest, ...]:
        """Give the guests of one login."""
        return self._by_channel.get(channel(login), ())

    def at(self, hinted: str) -> tuple[Guest, ...]:
        """Give the guests that a channel means."""
        return self._by_channel.get(hinted, ())

    def turn(self) -> tuple[int, list[Guest]]:
        """Turn the wheel by one slot; give how often it turned, and who stands there."""
        self._at += 1
        return self._at, list(self._wheel[self._at % SLOTS])

    def __iter__(self) -> Iterator[Guest]:
        for slot in self._wheel:
            yield from tuple(slot)
