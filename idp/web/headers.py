"""The headers of every answer: what a browser may do with our pages, and what it may keep.

Nothing inline, nothing from elsewhere, nobody frames us. A form may end at an e-service only where
the page was made for a login whose redirect URI is proven, and then at exactly that origin:
browsers apply ``form-action`` to the redirects that follow a form, too.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from werkzeug.http import remove_entity_headers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any
    from wsgiref.types import StartResponse

    from werkzeug.wrappers import Response

    Pairs = list[tuple[str, str]]

_HTTP: Final = frozenset({"http", "https"})
_ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{0,60}:", re.ASCII)
_PAGE: Final = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("Vary", "Cookie"),
    ("X-Frame-Options", "DENY"),
)
_EVERYWHERE: Final = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
_HTTPS: Final = (("Strict-Transport-Security", "max-age=63072000; includeSubDomains"),)
_NO_CONTENT: Final = 204
_NOT_MODIFIED: Final = 304
_REMEMBERED: Final = 1024


@lru_cache(_REMEMBERED)
def source(url: str) -> str | None:
    """Give what a policy may name of a proven URL: its origin, or the scheme of an app's own.

    ``None`` where it cannot be written in a policy: the form is then not let out at all.
    """
    parts = urlsplit(url)
    if parts.scheme not in _HTTP:
        scheme = f"{parts.scheme}:"
        return scheme if _SCHEME.fullmatch(scheme) else None
    origin = f"{parts.scheme}://{parts.netloc.lower()}"
    return origin if _ORIGIN.fullmatch(origin) else None


@lru_cache(_REMEMBERED)
def content_security_policy(
    *,
    form_actions: tuple[str, ...] = ("'self'",),
    connect: tuple[str, ...] = (),
    frames: tuple[str, ...] = (),
) -> str:
    """Write the policy of a page (Content Security Policy Level 3).

    Args:
        form_actions: where the page's forms may end.
        connect: origins beside our own that the page's script may speak to.
        frames: origins that the page shows in frames.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            "script-src 'self'",
            "img-src 'self'",
            "font-src 'self'",
            " ".join(("connect-src 'self'", *connect)),
            f"form-action {' '.join(form_actions) or chr(39) + 'none' + chr(39)}",
            *((f"frame-src {' '.join(frames)}",) if frames else ()),
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def of_page(policy: str) -> Pairs:
    """Give the headers of a page: never kept, never framed, alone in its window."""
    return [*_PAGE, ("Content-Security-Policy", policy)]


class Leaving:
    """The way out of every answer: what it lacks of the headers that all of ours have is added."""

    def __init__(self, *, https: bool) -> None:
        everywhere = (*_EVERYWHERE, *_HTTPS) if https else _EVERYWHERE
        self._everywhere = tuple((name.lower(), (name, value)) for name, value in everywhere)

    def __call__(
        self,
        response: Response,
        environ: dict[str, Any],
        start_response: StartResponse,
        *,
        reference: str,
    ) -> Iterable[bytes]:
        """Send ``response`` as a whole, with its length (RFC 9110 section 8.6)."""
        status = response.status_code
        if status == _NOT_MODIFIED:
            remove_entity_headers(response.headers)
        sent: Pairs = response.headers.to_wsgi_list()
        named = {name.lower() for name, _ in sent}
        sent += [pair for name, pair in self._everywhere if name not in named]
        sent.append(("X-Request-Id", reference))
        if status in {_NO_CONTENT, _NOT_MODIFIED}:
            body = b""
        else:
            body = response.get_data()
            if "content-length" not in named:
                sent.append(("Content-Length", str(len(body))))
        start_response(response.status, sent)
        return () if environ["REQUEST_METHOD"] == "HEAD" else (body,)
