"""The phone's way out: its ``Deliver`` port answered by the guarded client, and the key for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idp.outbound.client import OutboundFailed
from mobile_flow.notify import VAPID_BYTES, VAPID_PURPOSE, Vapid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.outbound.client import OutboundClient
    from keys.store import SealedVault

SECONDS: Final = 10.0
"""The whole call, name and TLS included; it is a housekeeper that waits, never a request."""
_LIMIT: Final = 16 * 1024


class GuardedDeliver:
    """One POST a message, to an address on the internet, without following anybody elsewhere."""

    def __init__(self, client: OutboundClient, *, seconds: float = SECONDS) -> None:
        self._client = client
        self._seconds = seconds

    def __call__(self, endpoint: str, *, headers: Mapping[str, str], body: bytes) -> int:
        """POST; give the status. Raises: ConnectionError with one of a few constant words."""
        try:
            answer = self._client.call(
                "POST",
                endpoint,
                seconds=self._seconds,
                limit=_LIMIT,
                body=body,
                headers=headers,
            )
        except OutboundFailed as error:
            raise ConnectionError(error.reason) from error
        return answer.status


def vapid_key(vault: SealedVault, *, contact: str) -> Vapid:
    """Give this deployment's key for push services; ``contact`` is a mailto: or https: address."""
    return Vapid(vault.derive(VAPID_PURPOSE, VAPID_BYTES), contact=contact)
