"""What this role says: the head of an event stream, its few events, and its refusals.

Server-sent events (HTML Living Standard section 9.2). An event bears a name and an empty text.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

CHANGED: Final = b"event: changed\ndata:\n\n"
READY: Final = b"event: ready\ndata:\n\n"
"""The first event, so that a page knows that no proxy holds them back."""
PING: Final = b"event: ping\ndata:\n\n"
END: Final = b"event: end\ndata:\n\n"
"""Nothing will change any more: do not come back."""
OVER: Final = HTTPStatus.NO_CONTENT
"""Tells a browser that comes back by itself not to."""
_EVERYWHERE: Final = (
    "Cache-Control: no-store",
    "Connection: close",
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy: same-origin",
    "Referrer-Policy: no-referrer",
    "X-Content-Type-Options: nosniff",
    "X-Accel-Buffering: no",
    "Vary: Origin, Cookie",
)
_HTTPS: Final = "Strict-Transport-Security: max-age=63072000; includeSubDomains"
_RETRY_AFTER: Final = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS})
_RETRY_SECONDS: Final = 5


def retry(milliseconds: int) -> bytes:
    """Tell the browser how long to wait before it connects again."""
    return b"retry: %d\n\n" % milliseconds


class Heads:
    """The heads of answers, for an issuer whose pages alone may read them."""

    def __init__(self, issuer: str) -> None:
        parts = urlsplit(issuer)
        self._origin = f"{parts.scheme}://{parts.netloc.lower()}"
        self._everywhere = (*_EVERYWHERE, _HTTPS) if parts.scheme == "https" else _EVERYWHERE

    def admits(self, origin: str | None) -> bool:
        """Tell whether a page of this origin may wait here; a page of ours may send none."""
        return origin is None or origin == self._origin

    def stream(self, origin: str | None) -> bytes:
        """Begin an event stream, which ends with the connection."""
        return self._head(HTTPStatus.OK, "Content-Type: text/event-stream", origin=origin)

    def refusal(self, status: int, origin: str | None) -> bytes:
        """Refuse, without a word about why."""
        known = HTTPStatus(status)
        more = [] if known is OVER else ["Content-Length: 0"]
        if known in _RETRY_AFTER:
            more.append(f"Retry-After: {_RETRY_SECONDS}")
        if known is HTTPStatus.METHOD_NOT_ALLOWED:
            more.append("Allow: GET")
        return self._head(known, *more, origin=origin)

    def _head(self, status: HTTPStatus, *more: str, origin: str | None) -> bytes:
        lines = [f"HTTP/1.1 {status.value} {status.phrase}", *more, *self._everywhere]
        if origin is not None and self.admits(origin):
            lines.append(f"Access-Control-Allow-Origin: {self._origin}")
            lines.append("Access-Control-Allow-Credentials: true")
        return "\r\n".join((*lines, "", "")).encode("ascii")
