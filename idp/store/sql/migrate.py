"""Bringing a database to the schema this program needs, and refusing one that is not there.

Revisions are numbers that grow. A newer schema than ours is accepted, because migrations expand
before they contract and old workers run beside new ones.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from idp.store.ports import SchemaOutdated, StoreUnavailable
from idp.store.sql import sqlite
from idp.store.sql.schema import REVISION
from idp.store.sql.urls import libpq_uri, sqlite_path, unknown

_FOLDER: Final = Path(__file__).parent.parent / "migrations"
_LOCK: Final = 0x5E5A4E
"""The key of PostgreSQL's advisory lock: one upgrade at a time."""


def upgrade(url: str) -> None:
    """Create or upgrade the schema, all or nothing; a second run changes nothing.

    Raises:
        StoreUnavailable: the database is gone, busy or read-only.
        UnsafeStore: no engine knows the URL.
    """
    engine = _engine(url)
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            config = Config()
            config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except sa.exc.DBAPIError as error:
        raise StoreUnavailable(f"upgrade: {type(error.orig).__name__}") from None
    finally:
        engine.dispose()


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
    if path is not None and not path.exists():
        return None
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
            return None if found is None else str(found)
    except sa.exc.DBAPIError as error:
        raise StoreUnavailable(f"check: {type(error.orig).__name__}") from None
    finally:
        engine.dispose()


def _engine(url: str) -> sa.Engine:
    path = sqlite_path(url)
    if path is not None:
        return _sqlite_engine(path)
    if libpq_uri(url) is not None:
        return sa.create_engine(
            "postgresql+psycopg://" + url.partition("://")[2],
            poolclass=sa.NullPool,
            connect_args={"connect_timeout": 2, "options": "-c lock_timeout=5000"},
        )
    raise unknown("stores.ledger")


def _sqlite_engine(path: Path) -> sa.Engine:
    path.parent.mkdir(parents=True, exist_ok=True)

    def opened() -> Any:  # noqa: ANN401 - the driver's type lacks what SQLAlchemy's stub names
        return sqlite.connect(path, synchronous="FULL", create=True)

    engine = sa.create_engine("sqlite://", creator=opened, poolclass=sa.NullPool)

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # The driver is in autocommit: the transaction, tables included, is opened here.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def sqlite_revision(path: Path) -> str | None:
    """Read the revision of a file that nobody need be using, as a backup is."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as file:
            row = file.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise sqlite.unavailable(error) from error
    return None if row is None else str(row[0])
