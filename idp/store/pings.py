"""A ping waits in the outbox from the commit in which its request was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idp.domain.backchannel import Ping, request_of
from idp.store.encoding import Encoding

if TYPE_CHECKING:
    from datetime import datetime

    from idp.domain.backchannel import BackchannelRequest
    from idp.store.ports import Unit

KIND: Final = "ciba-ping"
_ENCODING: Final[Encoding[Ping]] = Encoding(Ping)


def tell_answered(unit: Unit, login: str, *, at: datetime) -> None:
    """Let the client of a back-channel request know that its person answered."""
    asked = request_of(login)
    request = None if asked is None else unit.backchannel.find(asked)
    if request is not None:
        queue_ping(unit, request, at=at)


def queue_ping(unit: Unit, request: BackchannelRequest, *, at: datetime) -> None:
    """Put the ping into the outbox, where the client takes one."""
    if request.ping is not None:
        # The client's name is the destination, so that a dead one holds up nobody else's.
        body = _ENCODING.encode(request.ping)
        unit.outbox.add(kind=KIND, destination=request.client, body=body, due_at=at)


def read_ping(body: bytes) -> Ping:
    """Give what ``queue_ping`` wrote. Raises: Tampered."""
    return _ENCODING.decode(body)
