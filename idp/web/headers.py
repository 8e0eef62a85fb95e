"""The headers of every answer: what a browser may do with our pages, and what it may keep.

Nothing inline, nothing from elsewhere, nobody frames us. A form may end at an e-service only where
the page was made for a login whose redirect URI is proven, and then at exactly that origin:
browsers apply ``form-action`` to the redirects that follow a form, too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

_HTTP: Final = frozenset({"http", "https"})
_ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{0,60}:", re.ASCII)
_PERMISSIONS: Final = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
_HSTS: Final = "max-age=63072000; includeSubDomains"


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


def content_security_policy(
    *, form_actions: tuple[str, ...] = ("'self'",), connect: str | None = None
) -> str:
    """Write the policy of a page (Content Security Policy Level 3).

    Args:
        form_actions: where the page's forms may end.
        connect: an origin beside our own that the page's script may speak to.
    """
    connections = "'self'" if connect is None else f"'self' {connect}"
    return "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            "script-src 'self'",
            "img-src 'self'",
            "font-src 'self'",
            f"connect-src {connections}",
            f"form-action {' '.join(form_actions) or chr(39) + 'none' + chr(39)}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def page(response: Response, policy: str) -> Response:
    """Put the headers of a page on it: never kept, never framed, alone in its window."""
    response.headers["Content-Security-Policy"] = policy
    response.headers["Cache-Control"] = "no-store"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = _PERMISSIONS
    response.headers["X-Frame-Options"] = "DENY"
    response.vary.add("Cookie")
    return response


def everywhere(response: Response, *, https: bool) -> Response:
    """Put on any answer what it lacks of the headers that all of ours have."""
    headers = response.headers
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("X-Content-Type-Options", "nosniff")
    if https:
        headers.setdefault("Strict-Transport-Security", _HSTS)
    return response
