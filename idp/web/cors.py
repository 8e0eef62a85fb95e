"""Which pages of other origins may read the answers of the machine endpoints.

Public documents: every page. Endpoints that a browser application calls itself: the origins of the
public clients' registered redirect URIs, exactly; never with credentials, never ``null``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from werkzeug.wrappers import Response

from idp.domain.client import ClientAuth, is_open
from idp.web import headers

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from werkzeug.wrappers import Request

    from idp.store.ports import Ledger

_REREAD: Final = timedelta(seconds=5)
_NO_CONTENT: Final = 204
_READABLE: Final = "WWW-Authenticate, Retry-After, DPoP-Nonce"
_PREFLIGHT_LASTS: Final = "600"


class CrossOrigin:
    """The origins allowed, re-read at most every few seconds: any page may cause the question."""

    def __init__(
        self, ledger: Ledger, *, now: Callable[[], datetime], monotonic: Callable[[], float]
    ) -> None:
        self._ledger = ledger
        self._now = now
        self._monotonic = monotonic
        self._known: tuple[float, frozenset[str]] | None = None

    def allow(self, request: Request, response: Response) -> Response:
        """Let a page of an allowed origin read the answer."""
        origin = request.headers.get("Origin")
        response.vary.add("Origin")
        if origin is not None and origin in self._origins():
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = _READABLE
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    def preflight(self, request: Request, methods: tuple[str, ...]) -> Response:
        """Answer OPTIONS: the methods there are, and to an allowed origin that it may ask."""
        response = Response(status=_NO_CONTENT)
        response.headers["Allow"] = ", ".join((*methods, "OPTIONS"))
        self.allow(request, response)
        if "Access-Control-Allow-Origin" in response.headers:
            response.headers["Access-Control-Allow-Methods"] = ", ".join(methods)
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, DPoP"
            response.headers["Access-Control-Max-Age"] = _PREFLIGHT_LASTS
        return response

    def _origins(self) -> frozenset[str]:
        asked = self._monotonic()
        known = self._known
        if known is not None and asked - known[0] < _REREAD.total_seconds():
            return known[1]
        with self._ledger.read() as unit:
            clients = unit.clients.all()
        now = self._now()
        found = frozenset(
            origin
            for client in clients
            if is_open(client, now) and client.auth is ClientAuth.NONE
            for uri in client.redirect_uris
            if (origin := headers.source(uri)) is not None and "//" in origin
        )
        self._known = (asked, found)
        return found


def for_everybody(response: Response) -> Response:
    """Let any page read a public document."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
