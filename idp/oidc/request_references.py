"""Request objects by reference (OpenID Connect Core 6.2): read where a client registered them.

Nothing else is ever called. Those who ask at once for the same one wait for one call. What fits the
hash in its address can never change, so it is kept; anything else is fetched for each asking.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Final

from joserfc.util import urlsafe_b64encode

from idp import log
from idp.errors import INVALID_REQUEST_URI, Refused
from idp.outbound.client import OutboundFailed

if TYPE_CHECKING:
    from idp.domain.client import Client, ClientId
    from idp.oidc.remote_keys import Fetch
    from idp.oidc.waiting_room import WaitingRoom

MEDIA_TYPES: Final = ("application/oauth-authz-req+jwt", "application/jwt")
"""What an object is served as (RFC 9101 section 5.2.3); the second is what came before it."""
_PATIENCE: Final = 5.0
_MOST_KEPT: Final = 256


@dataclass(kw_only=True, slots=True)
class _Flight:
    """One call that is under way; ``text`` stays ``None`` where it fails."""

    landed: Event = field(default_factory=Event)
    text: str | None = None


class RequestReferences:
    """Fetches objects of clients; safe in threads."""

    def __init__(self, fetch: Fetch, *, room: WaitingRoom, hashed: bool = True) -> None:
        """Take whether the ``hashed`` addresses are held against what is there."""
        self._fetch = fetch
        self._room = room
        self._hashed = hashed
        self._flights: dict[tuple[ClientId, str], _Flight] = {}
        self._kept: dict[tuple[ClientId, str], str] = {}

    def read(self, uri: str, client: Client) -> str:
        """Give the text of the object at ``uri``; nothing of it is true yet.

        Raises:
            Refused: INVALID_REQUEST_URI, not registered by this client, or not readable;
                UNAVAILABLE, when too many wait for hosts already.
        """
        if uri not in client.objects.uris:
            raise Refused(INVALID_REQUEST_URI, "not a registered one")
        text = self._had(uri, client)
        if text is None:
            raise Refused(INVALID_REQUEST_URI, "nothing readable is there")
        return text

    def _had(self, uri: str, client: Client) -> str | None:
        name = (client.id, uri)
        with self._room.lock:
            if name in self._kept:
                return self._kept[name]
            self._room.enter(client.id)
            flight = self._flights.get(name)
            leads = flight is None
            if flight is None:
                flight = self._flights[name] = _Flight()
        try:
            if leads:
                flight.text = self._load(uri, client)
            else:
                flight.landed.wait(_PATIENCE)
        finally:
            with self._room.lock:
                self._room.leave(client.id)
                if leads:
                    del self._flights[name]
                    self._keep(name, flight.text)
                    flight.landed.set()
        return flight.text

    def _load(self, uri: str, client: Client) -> str | None:
        address, _, digest = uri.partition("#")
        try:
            found = self._fetch(address)
            text = found.decode("ascii").strip()
        except OutboundFailed as failed:
            log.write("request_uri.unreadable", client=client.id, detail=failed.reason)
            return None
        except UnicodeDecodeError:
            log.write("request_uri.unreadable", client=client.id, detail="not ASCII")
            return None
        if digest and self._hashed and not hmac.compare_digest(digest, _digest(found)):
            log.write("request_uri.unreadable", client=client.id, detail="of another hash")
            return None
        return text

    def _keep(self, name: tuple[ClientId, str], text: str | None) -> None:
        if text is None or not self._hashed or "#" not in name[1]:
            return
        while len(self._kept) >= _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[name] = text


def _digest(content: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(content).digest()).decode("ascii").rstrip("=")
