"""The pictures of e-services, from our own origin: no citizen's browser asks anybody else for one.

Each is a file that we made (``idp.domain.png``), under the hash of its content, so that it may be
kept for a year. A browser that opens one by itself lets it do nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from werkzeug.wrappers import Response

from idp.domain.picture import may_show
from idp.errors import NOT_FOUND, Refused
from idp.web.client_links import in_language

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Request

    from idp.domain.client import Client
    from idp.store.ports import Ledger

PATH: Final = "/logos/"
_FILE: Final = re.compile(r"([0-9a-f]{64})\.png", re.ASCII)


class Logos:
    """Shows and serves them."""

    def __init__(self, ledger: Ledger, *, whose: str) -> None:
        """Take whose are shown, the setting ``registration.logos``."""
        self._ledger = ledger
        self._whose = whose

    def shown(self, client: Client, language: str) -> Mapping[str, object] | None:
        """Give the address and size of a client's picture; ``None`` where none is shown."""
        picture = in_language(language, client.about.pictures)
        if picture is None or not may_show(client, self._whose):
            return None
        return {
            "address": f"{PATH}{picture.digest}.png",
            "width": picture.width,
            "height": picture.height,
        }

    def answer(self, request: Request, name: str) -> Response:
        """Give a file.

        Raises:
            Refused: NOT_FOUND for any other name.
        """
        digest = _FILE.fullmatch(name)
        body = None
        if digest is not None:
            with self._ledger.read() as unit:
                body = unit.logos.get(digest[1])
        if digest is None or body is None:
            raise Refused(NOT_FOUND, "no such picture")
        response = Response(body, content_type="image/png")
        response.set_etag(digest[1])
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; sandbox; frame-ancestors 'none'"
        )
        response.make_conditional(request)
        return response
