"""A ping waits in the outbox from the commit in which its request was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idp.domain.backchannel import Ping
from idp.store.encoding import Encoding

if TYPE_CHECKING:
    from datetime import datetime

    from idp.domain.backchannel import BackchannelRequest
    from idp.store.ports import Unit

KIND: Final = "ciba-ping"
_ENCODING: Final[Encoding[Ping]] = Encoding(Ping)


def tell_answered(unit: Unit, approval: str, *, at: datetime) -> None:
    """Let the client of a back-channel request know that its person answered."""
    request = unit.backchannel.of_approval(approval)
    if request is not None:
        queue_ping(unit, request, at=at)


def queue_ping(unit: Unit, request: BackchannelRequest, *, at: datetime) -> None:
    """Put the ping into the outbox, where the client takes one."""
    if request.ping is not None:
        unit.outbox.add(kind=KIND, destination="", body=_ENCODING.encode(request.ping), due_at=at)


def read_ping(body: bytes) -> Ping:
    """Give what ``queue_ping`` wrote. Raises: Tampered."""
    return _ENCODING.decode(body)
