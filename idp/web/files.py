"""Our few static files, read once; their addresses carry a hash, so they are kept for a year."""

from __future__ import annotations

import hashlib
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from werkzeug.wrappers import Response

from idp.errors import NOT_FOUND, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Request

_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sesame.css": "text/css; charset=utf-8",
        "sesame.js": "text/javascript; charset=utf-8",
        "check.js": "text/javascript; charset=utf-8",
        "card.js": "text/javascript; charset=utf-8",
        "wait.js": "text/javascript; charset=utf-8",
        "passkey.js": "text/javascript; charset=utf-8",
        "phone.js": "text/javascript; charset=utf-8",
        "qrcode-generator.js": "text/javascript; charset=utf-8",
        "mark.svg": "image/svg+xml",
    }
)
_HASH_LENGTH: Final = 16


class StaticFiles:
    """The files by name, and the addresses that templates use."""

    def __init__(self) -> None:
        folder = resources.files("idp.web") / "static"
        self._bodies = {name: (folder / name).read_bytes() for name in _KINDS}
        self._hashes = {
            name: hashlib.sha256(body).hexdigest()[:_HASH_LENGTH]
            for name, body in self._bodies.items()
        }

    def address(self, name: str) -> str:
        """Give the address of the file as it is now."""
        return f"/static/{name}?v={self._hashes[name]}"

    def answer(self, request: Request, name: str) -> Response:
        """Give a file; only under the hash of its present content may it be kept for long.

        Raises:
            Refused: NOT_FOUND for any other name.
        """
        body = self._bodies.get(name)
        if body is None:
            raise Refused(NOT_FOUND, "no such static file")
        response = Response(body, content_type=_KINDS[name])
        response.set_etag(self._hashes[name])
        named = request.query_string == f"v={self._hashes[name]}".encode()
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if named else "public, max-age=300"
        )
        response.make_conditional(request)
        return response
