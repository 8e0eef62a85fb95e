"""Bringing a database to the schema this program needs; Alembic is loaded here and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from idp.store.ports import StoreUnavailable
from idp.store.sql import sqlite
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
        # Another upgrade takes longer than a request may wait.
        connection.exec_driver_sql("PRAGMA busy_timeout = 20000")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
