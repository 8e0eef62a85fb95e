"""The outbox's handler of messages to phones: what ``mobile_flow.notify`` says, sent or retried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.housekeeper.outbox import NotDelivered
from idp.outbound.push import GuardedDeliver
from idp.store.phone import LedgerOfThePhone
from mobile_flow.notify import KIND, NotSent, Push

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from idp.housekeeper.outbox import Handler
    from idp.outbound.client import OutboundClient
    from idp.store.ports import Ledger
    from idp.store.upkeep import OutboxMessage
    from mobile_flow.notify import Vapid


class PushHandler:
    """Sends messages of the kind ``push``."""

    def __init__(self, push: Push) -> None:
        self._push = push

    def __call__(self, message: OutboxMessage) -> None:
        """Send, or find that it needs no sending any more. Raises: NotDelivered."""
        try:
            self._push.send(message.body)
        except NotSent as error:
            raise NotDelivered(str(error)) from None


def push_handlers(
    *,
    ledger: Ledger,
    client: OutboundClient,
    key: Vapid,
    services: Sequence[str],
    now: Callable[[], datetime],
) -> dict[str, Handler]:
    """Give the handlers that the outbox's job is to have."""
    push = Push(
        LedgerOfThePhone(ledger, now=now), GuardedDeliver(client), key, services=services, now=now
    )
    return {KIND: PushHandler(push)}
