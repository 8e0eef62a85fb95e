"""Store URLs: which engine, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import unquote

from idp.store.ports import UnsafeStore

_SQLITE: Final = "sqlite:///"
_POSTGRESQL: Final = ("postgresql://", "postgres://")


def sqlite_path(url: str) -> Path | None:
    """Give the path of ``sqlite:///relative`` or ``sqlite:////absolute``, else ``None``."""
    return Path(unquote(url.removeprefix(_SQLITE))) if url.startswith(_SQLITE) else None


def is_postgresql(url: str) -> bool:
    """Tell whether libpq understands it."""
    return url.startswith(_POSTGRESQL)


def unknown(setting: str) -> UnsafeStore:
    """Refuse a URL without repeating it: it may hold a password."""
    return UnsafeStore(f"{setting}: the URL's scheme is not one that can be used here")
