"""Empty Ledgers: migrated once in a process, then copied for each test that wants its own."""

from __future__ import annotations

import atexit
import secrets
import shutil
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import psycopg

from idp.store.sql.migrate import upgrade
from idp.store.sql.urls import sqlite_path

if TYPE_CHECKING:
    from collections.abc import Iterator


def put_ledger(url: str) -> None:
    """Make the SQLite file that ``url`` names, with the schema of today."""
    path = sqlite_path(url)
    assert path is not None
    shutil.copy(_migrated_file(), path)


@contextmanager
def a_database(server: str) -> Iterator[str]:
    """Give the URL of a new database on a PostgreSQL server, with the schema of today."""
    name = f"store_{secrets.token_hex(6)}"
    _as_admin(server, f"CREATE DATABASE {name} TEMPLATE {_migrated_database(server)}")
    try:
        yield f"{server}/{name}"
    finally:
        _as_admin(server, f"DROP DATABASE {name} WITH (FORCE)")


@cache
def _migrated_file() -> Path:
    folder = Path(mkdtemp(prefix="sesame-ledger-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "ledger.sqlite"
    upgrade(f"sqlite:///{path}")
    return path


@cache
def _migrated_database(server: str) -> str:
    name = f"migrated_{secrets.token_hex(6)}"
    _as_admin(server, f"CREATE DATABASE {name}")
    upgrade(f"{server}/{name}")
    return name


def _as_admin(server: str, statement: str) -> None:
    url = server.replace("+psycopg", "") + "/postgres"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())
