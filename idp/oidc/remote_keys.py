"""The keys of clients that publish them (``jwks_uri``): fetched when one is needed, kept shortly.

A set counts for ten minutes, and for an hour while its host does not answer. A key that is not in
it makes us ask again, but no client's host is asked twice in a minute, answered or not. What was
kept for one version of a registration is nothing to the next.

A host that is slow costs its own client time and nobody else: one thread asks, a few wait for it,
and never do the threads of one client, or of all that wait, take the last that could answer others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Final

from idp import log
from idp.oidc import strict_json
from idp.oidc.registration.keys import published
from idp.oidc.waiting_room import room_of
from idp.outbound.client import OutboundFailed

if TYPE_CHECKING:
    from idp.domain.client import Client, ClientId

Fetch = Callable[[str], bytes]
"""Gives what is at an address. Raises: OutboundFailed."""

FRESH: Final = 600.0
STALE: Final = 3600.0
AGAIN: Final = 60.0
_PATIENCE: Final = 5.0
_MOST_KEYS: Final = 50
_MOST_CLIENTS: Final = 4096


@dataclass(kw_only=True, slots=True)
class _Entry:
    """What is known of one client's keys; times are of the clock that never jumps."""

    address: str
    version: int
    jwks: dict[str, object] | None = None
    fetched_at: float = 0.0
    asked_at: float | None = None
    flight: Event | None = None


class RemoteKeys:
    """The published keys, by client; safe in threads."""

    def __init__(self, fetch: Fetch, *, monotonic: Callable[[], float], threads: int) -> None:
        """Take how many ``threads`` answer requests; one more than half of them may wait here."""
        self._fetch = fetch
        self._monotonic = monotonic
        self._entries: dict[ClientId, _Entry] = {}
        self.room = room_of(threads)

    def of(
        self, client: Client, *, beside: dict[str, object] | None = None
    ) -> dict[str, object] | None:
        """Give the key set of a client with a ``jwks_uri``, ``None`` where there is none to have.

        With ``beside``, a set that this gave and that had no fitting key, only a newer one.

        Raises:
            Refused: UNAVAILABLE, when too many wait for hosts already.
        """
        if client.remote.jwks is None:
            return None
        with self.room.lock:
            entry = self._entry(client, client.remote.jwks)
            now = self._monotonic()
            held = entry.jwks if now < entry.fetched_at + STALE else None
            if held is beside:
                held = None
            if held is not None and now < entry.fetched_at + FRESH:
                return held
            if entry.flight is None:
                if entry.asked_at is not None and now < entry.asked_at + AGAIN:
                    return held
            elif held is not None:
                return held
            flight, leads = self._admitted(entry, client.id, now)
        return self._after(entry, client, flight, leads=leads, beside=beside)

    def _entry(self, client: Client, address: str) -> _Entry:
        entry = self._entries.get(client.id)
        if entry is None or (entry.address, entry.version) != (address, client.version):
            entry = _Entry(address=address, version=client.version)
            while len(self._entries) >= _MOST_CLIENTS:
                del self._entries[next(iter(self._entries))]
            self._entries[client.id] = entry
        return entry

    def _admitted(self, entry: _Entry, client: ClientId, now: float) -> tuple[Event, bool]:
        """Let this thread ask, or wait for the one that does. Raises: Refused."""
        self.room.enter(client)
        if entry.flight is not None:
            return entry.flight, False
        entry.flight, entry.asked_at = Event(), now
        return entry.flight, True

    def _after(
        self,
        entry: _Entry,
        client: Client,
        flight: Event,
        *,
        leads: bool,
        beside: dict[str, object] | None,
    ) -> dict[str, object] | None:
        found = None
        try:
            if leads:
                found = self._load(entry.address, client)
            else:
                flight.wait(_PATIENCE)
        finally:
            with self.room.lock:
                self.room.leave(client.id)
                if leads:
                    entry.flight = None
                    if found is not None:
                        entry.jwks, entry.fetched_at = found, self._monotonic()
                    flight.set()
                held = entry.jwks
                if self._monotonic() >= entry.fetched_at + STALE:
                    held = None
        return None if held is beside else held

    def _load(self, address: str, client: Client) -> dict[str, object] | None:
        """Fetch a set and keep what may be used of it; ``None`` if it is none."""
        try:
            document = strict_json.read(self._fetch(address).decode())
        except OutboundFailed as failed:
            log.write("jwks.unreadable", client=client.id, detail=failed.reason)
            return None
        except ValueError:
            log.write("jwks.unreadable", client=client.id, detail="not JSON in UTF-8")
            return None
        keys = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(keys, list) or len(keys) > _MOST_KEYS:
            log.write("jwks.unreadable", client=client.id, detail="not a key set of bounded size")
            return None
        return {"keys": published(keys)}
