"""The outbox's handler of accepted back-channel requests: is there anybody whose phone to ask?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.oidc.ciba.delivering import KIND

if TYPE_CHECKING:
    from idp.housekeeper.outbox import Handler
    from idp.oidc.ciba.delivering import Delivering
    from idp.store.upkeep import OutboxMessage


class AskHandler:
    """Takes messages of the kind ``ciba-ask``; asks nobody twice."""

    def __init__(self, delivering: Delivering) -> None:
        self._delivering = delivering

    def __call__(self, message: OutboxMessage) -> None:
        """Ask, or find that nobody is to be asked. Raises: StoreUnavailable."""
        self._delivering.deliver(message.body)


def ask_handlers(delivering: Delivering) -> dict[str, Handler]:
    """Give the handlers that the outbox's job is to have."""
    return {KIND: AskHandler(delivering)}
