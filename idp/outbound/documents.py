"""Small documents that others publish for us, such as the keys of a client: one GET, bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idp.outbound.client import OutboundFailed

if TYPE_CHECKING:
    from idp.outbound.client import OutboundClient

LIMIT: Final = 64 * 1024
SECONDS: Final = 3.0
_OK: Final = 200


class Documents:
    """Fetches them by the guarded client; nothing is sent but the request."""

    def __init__(self, client: OutboundClient, *, types: tuple[str, ...] = ()) -> None:
        """Take which media ``types`` are believed; without any, JSON is asked for and any taken."""
        self._client = client
        self._types = types

    def __call__(self, url: str, /) -> bytes:
        """Give what is there: at most ``LIMIT`` bytes, within ``SECONDS`` in all.

        Raises:
            OutboundFailed: refused, unreachable, too slow, too large, of another type, or another
                status than 200.
        """
        accept = ", ".join(self._types) or "application/json"
        answer = self._client.call(
            "GET", url, seconds=SECONDS, limit=LIMIT, headers={"Accept": accept}
        )
        if answer.status != _OK:
            raise OutboundFailed("status")
        if self._types and answer.media_type not in self._types:
            raise OutboundFailed("type")
        return answer.body
