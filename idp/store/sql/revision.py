"""Which schema a database has, read by its driver alone: every process asks this when it starts.

Revisions are numbers that grow. A newer schema than ours is accepted, because migrations expand
before they contract and old workers run beside new ones.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

from idp.store.ports import SchemaOutdated
from idp.store.sql import sqlite
from idp.store.sql.schema import REVISION
from idp.store.sql.urls import libpq_uri, sqlite_path, unknown

if TYPE_CHECKING:
    from pathlib import Path

_TABLE: Final = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
_REVISION: Final = "SELECT version_num FROM alembic_version"


def check(url: str) -> None:
    """Demand a schema that is not older than this program.

    Raises:
        SchemaOutdated: absent or older.
        StoreUnavailable: the database does not answer.
    """
    found = revision(url)
    if found is None:
        raise SchemaOutdated("schema is absent: run 'sesame setup'")
    if int(found) < int(REVISION):
        raise SchemaOutdated(f"schema is {found}, {REVISION} is needed: run 'sesame db upgrade'")


def revision(url: str) -> str | None:
    """Give the schema's revision; ``None`` where there is none.

    Raises:
        StoreUnavailable: the database does not answer.
        UnsafeStore: no engine knows the URL.
    """
    path = sqlite_path(url)
    if path is not None:
        return _of_file(path) if path.exists() else None
    uri = libpq_uri(url)
    if uri is None:
        raise unknown("stores.ledger")
    from idp.store.sql import postgres

    return postgres.revision(uri)


def _of_file(path: Path) -> str | None:
    try:
        with closing(sqlite.connect(path, synchronous="FULL")) as file:
            return _read(file) if file.execute(_TABLE).fetchone() else None
    except sqlite3.Error as error:
        raise sqlite.unavailable(error) from error


def sqlite_revision(path: Path) -> str | None:
    """Read the revision of a file that nobody need be using, as a backup is."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as file:
            return _read(file)
    except sqlite3.Error as error:
        raise sqlite.unavailable(error) from error


def _read(file: sqlite3.Connection) -> str | None:
    row = file.execute(_REVISION).fetchone()
    return None if row is None else str(row[0])
