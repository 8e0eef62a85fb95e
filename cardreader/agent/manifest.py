"""The file by which a browser finds the native host ``eu.webeid`` and lets one extension use it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from cardreader.errors import CardError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cardreader.agent.browsers import Family

NAME: Final = "eu.webeid"
DESCRIPTION: Final = "Sesame card agent"

# The published extension, by the ids of its two shops and by its own.
OFFICIAL: Final[dict[Family, tuple[str, ...]]] = {
    "chrome": ("ncibgoaomkmdpilpocfeponihegamlic", "gnmckgbandlkacikdndelhfghdejfido"),
    "firefox": ("{e68418bc-f2b0-4459-a9ea-3e72b6751b07}",),
}

_CHROME_ID: Final = re.compile(r"[a-p]{32}", re.ASCII)
_FIREFOX_ID: Final = re.compile(
    r"\{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}|[A-Za-z0-9._-]{1,80}@[A-Za-z0-9._-]{1,80}",
    re.ASCII,
)


class ExtensionIdMalformed(CardError):
    """The extension id is not one of this browser."""

    code: ClassVar[str] = "extension_id_malformed"


def family_of(extension_id: str) -> Family:
    """Which browsers have such ids.

    Raises:
        ExtensionIdMalformed: none has.
    """
    if _CHROME_ID.fullmatch(extension_id) is not None:
        return "chrome"
    if _FIREFOX_ID.fullmatch(extension_id) is not None:
        return "firefox"
    raise ExtensionIdMalformed


def manifest(family: Family, *, extensions: Iterable[str], program: Path) -> dict[str, Any]:
    """The manifest of the native host; no wildcard is ever written.

    Args:
        family: who reads it; the two name their extensions differently.
        extensions: the only extensions that may start the host.
        program: the absolute path of an executable that runs ``sesame agent native``; a manifest
            cannot hold arguments.

    Raises:
        ExtensionIdMalformed: not an id of these browsers, or none at all.
    """
    ids = list(extensions)
    if not ids or any(family_of(one) != family for one in ids):
        raise ExtensionIdMalformed
    written: dict[str, Any] = {
        "name": NAME,
        "description": DESCRIPTION,
        "path": str(program),
        "type": "stdio",
    }
    if family == "chrome":
        return written | {"allowed_origins": [f"chrome-extension://{one}/" for one in ids]}
    return written | {"allowed_extensions": ids}
