"""One connection: a bounded head in bounded time, then events until either side has enough.

Objects are small, because ten thousand of them wait at once: what all have in common stands in the
``House``.
"""

from __future__ import annotations

import asyncio
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from idp import log
from idp.domain.network_site import site
from idp.errors import Refused
from idp.waiting import asking
from idp.waiting.places import Places
from idp.waiting.saying import Heads
from idp.web import cookies
from idp.web.cookies import Cookies
from idp.web.peer import Peer

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.config import Settings
    from idp.waiting.asking import Asked
    from idp.waiting.attendant import Attendant
    from idp.waiting.looking import Mark

HEAD_SECONDS: Final = 5.0
"""How long a head may take, from the connection to its last byte."""
_MOST_UNSENT: Final = 1024
"""Bytes; whoever takes no event of some twenty bytes any more is not there."""
_ROUTE: Final = "/wait/<login>"


class House:
    """What every connection of one process has in common."""

    def __init__(
        self, settings: Settings, attendant: Attendant, *, monotonic: Callable[[], float], most: int
    ) -> None:
        """Take ``most``, how many connections the process can hold."""
        waiting = settings.waiting
        self.attendant = attendant
        self.places = Places(most=most, per_address=waiting.per_address)
        self.heads = Heads(settings.issuer)
        self.peer = Peer(settings, also=waiting.url)
        self.cookie = Cookies.of(settings.issuer).browser
        self.monotonic = monotonic
        self._slow: deque[tuple[float, Connection]] = deque()

    def connection(self) -> Connection:
        """Give the protocol of a new connection."""
        return Connection(self)

    def expect_head(self, connection: Connection) -> None:
        """Begin the time that a head may take; all have the same, so they end in order."""
        self._slow.append((self.monotonic() + HEAD_SECONDS, connection))

    def turn(self) -> None:
        """Let go whoever is too slow, and turn the wheel."""
        moment = self.monotonic()
        while self._slow and self._slow[0][0] <= moment:
            self._slow.popleft()[1].give_up(HTTPStatus.REQUEST_TIMEOUT)
        self.attendant.turn()

    def drain(self) -> None:
        """Send everybody away."""
        for _, connection in self._slow:
            connection.give_up(HTTPStatus.SERVICE_UNAVAILABLE)
        self.attendant.drain()


class Connection(asyncio.Protocol):
    """A ``Guest`` as soon as its head is read."""

    __slots__ = (
        "_head",
        "_house",
        "_origin",
        "_site",
        "_transport",
        "ends",
        "hinted",
        "login",
        "mark",
        "slot",
    )

    def __init__(self, house: House) -> None:
        self._house = house
        self._transport: asyncio.Transport | None = None
        self._head: bytes | None = b""
        self._origin: str | None = None
        self._site: str | None = None
        self.login = ""
        self.mark: Mark = None
        self.ends = 0.0
        self.hinted = False
        self.slot = 0

    # --- what the loop tells ----------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - a transport of any loop
        """Take a place, or refuse for want of one."""
        house = self._house
        self._transport = transport
        if not house.places.enter():
            self._transport = None
            transport.write(house.heads.refusal(HTTPStatus.SERVICE_UNAVAILABLE, None))
            transport.close()
            return
        address = _address(transport)
        if not house.peer.trusts(address) and not self._take_place(address):
            self.refuse(HTTPStatus.TOO_MANY_REQUESTS)
            return
        house.expect_head(self)

    def data_received(self, data: bytes) -> None:
        """Read the head. A guest has nothing more to say: one that does is none."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._head is None:
            self._transport.abort()
            return
        self._head += data
        try:
            head = asking.complete(self._head)
            if head is not None:
                self._head = None
                self._enter(asking.read(head))
        except asking.Unanswerable as error:
            self.refuse(error.status)

    def connection_lost(self, error: Exception | None) -> None:
        """Give the place back."""
        del error
        if self._transport is None:
            return
        self._transport = None
        self._house.attendant.leave(self)
        self._house.places.leave()
        if self._site is not None:
            self._house.places.give(self._site)

    # --- a browser that asks ----------------------------------------------------------------------

    def _enter(self, asked: Asked) -> None:
        """Bring a well-formed request before the attendant. Raises: Unanswerable."""
        assert self._transport is not None
        house, fields = self._house, asked.fields
        self._origin = fields.get("origin")
        if not house.heads.admits(self._origin):
            raise asking.Unanswerable(HTTPStatus.FORBIDDEN)
        environ = {
            "REMOTE_ADDR": _address(self._transport),
            **{f"HTTP_{name.upper().replace('-', '_')}": text for name, text in fields.items()},
        }
        house.peer.resolve(environ)
        try:
            house.peer.require_our_host(environ)
        except Refused as error:
            raise asking.Unanswerable(HTTPStatus.MISDIRECTED_REQUEST) from error
        if self._site is None and not self._take_place(environ["REMOTE_ADDR"]):
            raise asking.Unanswerable(HTTPStatus.TOO_MANY_REQUESTS)
        self.login = asked.login
        cookie = cookies.parsed(fields.get("cookie", "")).get(house.cookie)
        house.attendant.enter(self, cookie)

    def _take_place(self, address: str) -> bool:
        name = site(address)
        if not self._house.places.take(name):
            return False
        self._site = name
        return True

    def give_up(self, status: int) -> None:
        """Let go a connection whose head is not there yet."""
        if self._head is not None:
            self.refuse(status)

    # --- a guest ----------------------------------------------------------------------------------

    def admit(self) -> None:
        """Begin the stream."""
        self._log(HTTPStatus.OK)
        self.say(self._house.heads.stream(self._origin))

    def refuse(self, status: int) -> None:
        """Answer with a status alone, and close."""
        self._head = None
        self._log(status)
        self.end(self._house.heads.refusal(status, self._origin))

    def say(self, event: bytes) -> None:
        """Send something, unless the browser is gone or takes nothing."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() > _MOST_UNSENT:
            transport.abort()
        else:
            transport.write(event)

    def end(self, event: bytes) -> None:
        """Send a last thing, and close."""
        self.say(event)
        if self._transport is not None:
            self._transport.close()

    def _log(self, status: int) -> None:
        marked = log.transaction_id.set(self.login or None)
        log.write("http.request", method="GET", route=_ROUTE, status=int(status))
        log.transaction_id.reset(marked)


def _address(transport: asyncio.Transport) -> str:
    peer = transport.get_extra_info("peername")
    address = peer[0] if peer else ""
    return address.removeprefix("::ffff:")
