"""The file by which a browser finds the native host ``eu.webeid`` and lets one extension use it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from cardreader.errors import CardError

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "eu.webeid"
Browser = Literal["chrome", "firefox"]

_CHROME_ID: Final = re.compile(r"[a-p]{32}", re.ASCII)
_FIREFOX_ID: Final = re.compile(
    r"\{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}|[A-Za-z0-9._-]{1,80}@[A-Za-z0-9._-]{1,80}",
    re.ASCII,
)


class ExtensionIdMalformed(CardError):
    """The extension id is not one of this browser."""

    code: ClassVar[str] = "extension_id_malformed"


def manifest(browser: Browser, *, extension_id: str, program: Path) -> dict[str, Any]:
    """The manifest of the native host; no wildcard is ever written.

    Args:
        browser: who reads it; the two name their extensions differently.
        extension_id: the one extension that may start the host.
        program: the absolute path of an executable that runs ``sesame agent native``; a manifest
            cannot hold arguments.

    Raises:
        ExtensionIdMalformed: not an id of this browser.
    """
    written: dict[str, Any] = {
        "name": NAME,
        "description": "Sesame card agent",
        "path": str(program),
        "type": "stdio",
    }
    if browser == "chrome":
        if _CHROME_ID.fullmatch(extension_id) is None:
            raise ExtensionIdMalformed
        return written | {"allowed_origins": [f"chrome-extension://{extension_id}/"]}
    if _FIREFOX_ID.fullmatch(extension_id) is None:
        raise ExtensionIdMalformed
    return written | {"allowed_extensions": [extension_id]}
