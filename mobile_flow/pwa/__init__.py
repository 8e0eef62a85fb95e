"""The phone's web app as files: what they are served as, and what they may do in a browser.

The app is a page, a style sheet and a few modules without a build step; whoever serves it reads
this table. ``vendor/VENDORED.toml`` says what others wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

LANGUAGES: Final = ("nl", "fr", "de", "en")
INDEX: Final = "index.html"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""The content security policy of the app's page and of its service worker."""
PERMISSIONS: Final = (
    "camera=(self), publickey-credentials-create=(self), publickey-credentials-get=(self), "
    "geolocation=(), microphone=(), payment=(), usb=()"
)
"""The ``Permissions-Policy`` of the app's page."""

_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "css": "text/css; charset=utf-8",
        "html": "text/html; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
        "json": "application/json",
        "png": "image/png",
        "svg": "image/svg+xml",
        "webmanifest": "application/manifest+json",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """One file: its bytes, and the ``Content-Type`` to serve it with."""

    body: bytes
    content_type: str


@lru_cache(1)
def files() -> Mapping[str, File]:
    """Give every file that is served, by its path under the app's address."""
    return MappingProxyType(dict(_found(resources.files(__name__), "")))


def _found(folder: Traversable, above: str) -> Iterator[tuple[str, File]]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _found(each, f"{above}{each.name}/")
            continue
        kind = _KINDS.get(each.name.rpartition(".")[2])
        if kind is not None:
            yield f"{above}{each.name}", File(body=each.read_bytes(), content_type=kind)
