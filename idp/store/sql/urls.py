"""Store URLs: which engine, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import unquote

from idp.store.ports import UnsafeStore

_SQLITE: Final = "sqlite:///"
_POSTGRESQL: Final = ("postgresql://", "postgres://", "postgresql+psycopg://")


def sqlite_path(url: str) -> Path | None:
    """Give the path of ``sqlite:///relative`` or ``sqlite:////absolute``, else ``None``."""
    return Path(unquote(url.removeprefix(_SQLITE))) if url.startswith(_SQLITE) else None


def libpq_uri(url: str) -> str | None:
    """Give a PostgreSQL URL in the form that libpq reads, else ``None``."""
    return "postgresql://" + url.partition("://")[2] if url.startswith(_POSTGRESQL) else None


def unknown(setting: str) -> UnsafeStore:
    """Refuse a URL without repeating it: it may hold a password."""
    return UnsafeStore(f"{setting}: the URL's scheme is not one that can be used here")
