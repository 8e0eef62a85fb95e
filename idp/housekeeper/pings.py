"""The outbox's handler of pings: a client is told that its request was answered (CIBA Core 10.2).

The message holds the ``auth_req_id`` alone. What the client answers is not read; that it does not
want the ping (401, 403) is an answer too, and a redirect is not followed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from idp.housekeeper.outbox import NotDelivered
from idp.outbound.client import OutboundFailed
from idp.store.pings import KIND, read_ping

if TYPE_CHECKING:
    from idp.housekeeper.outbox import Handler
    from idp.outbound.client import OutboundClient
    from idp.store.upkeep import OutboxMessage

_SECONDS: Final = 3.0
_LIMIT: Final = 4096
_TAKEN: Final = frozenset({200, 204, 401, 403})
_TOLD: Final = frozenset({"redirect", "too_large"})
"""It came there, whatever was said to it."""
_GIVEN_UP: Final = range(400, 500)


class PingHandler:
    """Sends messages of the kind ``ciba-ping``."""

    def __init__(self, client: OutboundClient) -> None:
        self._client = client

    def __call__(self, message: OutboxMessage) -> None:
        """Tell the client. Raises: NotDelivered."""
        ping = read_ping(message.body)
        body = json.dumps({"auth_req_id": ping.auth_req_id}).encode("ascii")
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {ping.token}",
        }
        try:
            answer = self._client.call(
                "POST",
                ping.endpoint,
                seconds=_SECONDS,
                limit=_LIMIT,
                body=body,
                headers=headers,
            )
        except OutboundFailed as error:
            if error.reason in _TOLD:
                return
            raise NotDelivered(error.reason) from None
        if answer.status not in _TAKEN and answer.status not in _GIVEN_UP:
            raise NotDelivered(f"status {answer.status}")


def ping_handlers(client: OutboundClient) -> dict[str, Handler]:
    """Give the handlers that the outbox's job is to have."""
    return {KIND: PingHandler(client)}
