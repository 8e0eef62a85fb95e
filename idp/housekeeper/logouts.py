"""The outbox's handler of logouts: a client is sent a logout token (Back-Channel Logout 1.0 2.5).

The form holds the token alone. What the client answers is not read. Success says that it is done;
400 that the client could not do it, or does not want to: that is logged, and not tried for ever.
Everything else may pass, and is tried again. A redirect is not followed.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from idp import log
from idp.domain.client import is_open
from idp.housekeeper.outbox import NotDelivered
from idp.outbound.client import OutboundFailed
from idp.store.logouts import KIND, read_notice
from keys.errors import KeysError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.housekeeper.outbox import Handler
    from idp.oidc.logout_token import LogoutTokens
    from idp.outbound.client import OutboundClient
    from idp.store.ports import Ledger
    from idp.store.upkeep import OutboxMessage

_SECONDS: Final = 5.0
_LIMIT: Final = 1024 * 1024
_DONE: Final = range(200, 300)
_REFUSED: Final = 400


class _Unread:
    """Where a client's answer goes."""

    def write(self, piece: bytes, /) -> None:
        del piece


class LogoutHandler:
    """Sends messages of the kind ``backchannel-logout``."""

    def __init__(
        self,
        tokens: LogoutTokens,
        *,
        ledger: Ledger,
        client: OutboundClient,
        now: Callable[[], datetime],
    ) -> None:
        self._tokens = tokens
        self._ledger = ledger
        self._client = client
        self._now = now

    def __call__(self, message: OutboxMessage) -> None:
        """Tell the client, at the address that it has now. Raises: NotDelivered."""
        notice = read_notice(message.body)
        with self._ledger.read() as unit:
            client = unit.clients.get(notice.client)
        if client is None or client.logout.back is None or not is_open(client, self._now()):
            return
        try:
            token = self._tokens.sign(notice, algorithm=client.id_token_algorithm)
        except KeysError as error:
            raise NotDelivered(f"no signer: {type(error).__name__}") from error
        status = self._post(client.logout.back, token)
        if status == _REFUSED:
            log.write("logout.refused", level=logging.WARNING, client=client.id)
        elif status not in _DONE:
            raise NotDelivered(f"status {status}")

    def _post(self, address: str, token: str) -> int:
        try:
            answer = self._client.call(
                "POST",
                address,
                seconds=_SECONDS,
                limit=_LIMIT,
                body=urlencode({"logout_token": token}).encode("ascii"),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                into=_Unread(),
            )
        except OutboundFailed as error:
            raise NotDelivered(error.reason) from None
        return answer.status


def logout_handlers(
    tokens: LogoutTokens,
    *,
    ledger: Ledger,
    client: OutboundClient,
    now: Callable[[], datetime],
) -> dict[str, Handler]:
    """Give the handlers that the outbox's job is to have."""
    return {KIND: LogoutHandler(tokens, ledger=ledger, client=client, now=now)}
