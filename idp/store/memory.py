"""The Ephemeral store in memory: for tests and for a single process."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from idp.store.limits import fitting
from idp.store.ports import VersionConflict
from idp.store.short_lived import Versioned

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

_SWEEP_EVERY = 256


class MemoryEphemeral:
    """``Ephemeral`` in two dictionaries behind one lock; expiry is judged by ``now``."""

    def __init__(self, *, now: Callable[[], datetime], entropy: Callable[[int], bytes]) -> None:
        self._now = now
        self._generation = entropy(16).hex()
        self._lock = threading.Lock()
        self._values: dict[str, tuple[Versioned, datetime]] = {}
        self._counts: dict[str, tuple[int, datetime]] = {}
        self._listeners: list[SimpleQueue[str | None]] = []
        self._writes = 0

    def put(self, key: str, value: bytes, *, lasts: timedelta) -> None:
        """Store as version 1."""
        fitting(key, value, lasts=lasts)
        now = self._now()
        with self._lock:
            self._values[key] = (Versioned(value=value, version=1), now + lasts)
            self._sweep(now)

    def get(self, key: str) -> Versioned | None:
        """Give what is there and alive."""
        fitting(key)
        with self._lock:
            return self._alive(key)

    def take(self, key: str) -> bytes | None:
        """Give and delete."""
        fitting(key)
        with self._lock:
            held = self._alive(key)
            self._values.pop(key, None)
        return None if held is None else held.value

    def swap(self, key: str, value: bytes, *, version: int, lasts: timedelta) -> None:
        """Replace a known version."""
        fitting(key, value, lasts=lasts)
        with self._lock:
            held = self._alive(key)
            if held is None or held.version != version:
                raise VersionConflict(key)
            self._values[key] = (
                Versioned(value=value, version=version + 1),
                self._now() + lasts,
            )

    def bump(self, key: str, *, lasts: timedelta) -> int:
        """Count."""
        fitting(key, lasts=lasts)
        now = self._now()
        with self._lock:
            count, ends = self._counts.get(key, (0, now))
            if now >= ends:
                count, ends = 0, now + lasts
            self._counts[key] = (count + 1, ends)
            self._sweep(now)
        return count + 1

    def versions(self, keys: Sequence[str]) -> tuple[int | None, ...]:
        """Look each up."""
        for key in keys:
            fitting(key)
        with self._lock:
            found = [self._alive(key) for key in keys]
        return tuple(None if held is None else held.version for held in found)

    def hint(self, channel: str) -> None:
        """Tell whoever listens to this very object."""
        fitting(channel)
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener.put(channel)

    def listen(self) -> MemoryHints:
        """Hear what is told to this very object."""
        heard: SimpleQueue[str | None] = SimpleQueue()
        heard.put(None)
        with self._lock:
            self._listeners.append(heard)
        return MemoryHints(heard, forget=lambda: self._forget(heard))

    def generation(self) -> str:
        """Give a word that lives as long as this object."""
        return self._generation

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()
            self._counts.clear()

    def _forget(self, listener: SimpleQueue[str | None]) -> None:
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)

    def _alive(self, key: str) -> Versioned | None:
        held, ends = self._values.get(key, (None, None))
        return None if ends is None or self._now() >= ends else held

    def _sweep(self, now: datetime) -> None:
        self._writes += 1
        if self._writes % _SWEEP_EVERY:
            return
        for store in (self._values, self._counts):
            for key in [key for key, (_, ends) in store.items() if now >= ends]:
                del store[key]


class MemoryHints:
    """``Hints`` within one process."""

    def __init__(self, heard: SimpleQueue[str | None], *, forget: Callable[[], None]) -> None:
        self._heard = heard
        self._forget = forget

    def wait(self, seconds: float) -> tuple[str, ...] | None:
        """Give one channel."""
        try:
            channel = self._heard.get(timeout=seconds)
        except Empty:
            return ()
        return None if channel is None else (channel,)

    def close(self) -> None:
        """Be told nothing more."""
        self._forget()
