"""The pictures of e-services, fetched for one registration at a time: few, small, soon."""

from __future__ import annotations

from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final

from idp.outbound.client import OutboundFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from idp.outbound.client import OutboundClient

LIMIT: Final = 100_000
SECONDS: Final = 3.0
_OK: Final = 200


class Pictures:
    """Fetches them by the guarded client; safe in threads."""

    def __init__(
        self, client: OutboundClient, *, monotonic: Callable[[], float], places: int = 1
    ) -> None:
        """Take how many threads may wait for hosts at one time; nobody waits for a place."""
        self._client = client
        self._monotonic = monotonic
        self._places = BoundedSemaphore(places)

    def __call__(self, addresses: Iterable[str], /) -> dict[str, bytes | OutboundFailed]:
        """Give what is at each address, at most ``LIMIT`` bytes, or why there is nothing.

        All of them together have ``SECONDS``.
        """
        wanted = tuple(dict.fromkeys(addresses))
        if not wanted:
            return {}
        if not self._places.acquire(blocking=False):
            return dict.fromkeys(wanted, OutboundFailed("busy"))
        try:
            end = self._monotonic() + SECONDS
            return {address: self._fetch(address, end) for address in wanted}
        finally:
            self._places.release()

    def _fetch(self, address: str, end: float) -> bytes | OutboundFailed:
        left = end - self._monotonic()
        if left <= 0:
            return OutboundFailed("timeout")
        try:
            answer = self._client.call(
                "GET", address, seconds=left, limit=LIMIT, headers={"Accept": "image/png"}
            )
        except OutboundFailed as failed:
            # Anew, without its traceback: that would hold on to the connection.
            return OutboundFailed(failed.reason)
        return answer.body if answer.status == _OK else OutboundFailed("status")
