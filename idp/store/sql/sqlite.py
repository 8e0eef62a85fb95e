"""SQLite as the Ledger's engine: WAL, synchronous=FULL, one writer at a time, a local disk.

The file must lie on a local disk of one machine, because the write-ahead log is shared memory; a
lock beside the file refuses a second machine. Writers of this process queue at a lock rather than
in SQLite's busy handler, which is unfair; other processes are waited for at most two seconds.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal

from idp.store.pool import Pool
from idp.store.ports import Duplicate, StoreUnavailable
from idp.store.sql.engine import WriteInReadingUnit
from idp.store.sql.machine import MachineLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from idp.store.sql.statement import Link, Row, Statement, Values

BUSY_SECONDS: Final = 2.0
FILE_MODE: Final = 0o600
_READERS: Final = 64
_STATEMENTS: Final = 256


def connect(
    path: Path, *, synchronous: Literal["FULL", "NORMAL"], create: bool = False
) -> sqlite3.Connection:
    """Open one connection with explicit transactions and the write-ahead log.

    Raises:
        StoreUnavailable: no such file (unless ``create``), or it cannot be opened.
    """
    if create:
        _create(path)
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS,
        )
    except sqlite3.Error as error:
        raise unavailable(error) from error
    try:
        connection.execute("PRAGMA journal_mode=WAL").fetchall()
        connection.execute(f"PRAGMA synchronous={synchronous}").fetchall()
        connection.execute("PRAGMA trusted_schema=OFF").fetchall()
    except sqlite3.Error as error:
        connection.close()
        raise unavailable(error) from error
    return connection


def _create(path: Path) -> None:
    """Make an empty file that only its owner reads; SQLite gives its journals the same mode.

    An existing file is never opened here: closing it would drop the locks of this process on it.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreUnavailable(f"the file cannot be made: {error.strerror}") from error


def unavailable(error: sqlite3.Error) -> StoreUnavailable:
    """Name a driver error for the log; SQLite's messages hold no values."""
    return StoreUnavailable(f"sqlite: {getattr(error, 'sqlite_errorname', type(error).__name__)}")


class SqliteLink:
    """A connection inside one unit."""

    __slots__ = ("_connection", "_reading")

    def __init__(self, connection: sqlite3.Connection, *, reading: bool) -> None:
        self._connection = connection
        self._reading = reading

    def _execute(self, statement: Statement, values: Values) -> sqlite3.Cursor:
        if self._reading and statement.writes:
            raise WriteInReadingUnit(statement.sqlite)
        return self._connection.execute(statement.sqlite, values)

    def one(self, statement: Statement, values: Values) -> Row | None:
        """Give the first row."""
        rows = self.all(statement, values)
        return rows[0] if rows else None

    def all(self, statement: Statement, values: Values) -> list[Row]:
        """Give every row; reading to the end is what finishes the statement."""
        try:
            return self._execute(statement, values).fetchall()
        except sqlite3.IntegrityError as error:
            raise Duplicate from error
        except sqlite3.Error as error:
            raise unavailable(error) from error

    def run(self, statement: Statement, values: Values) -> int:
        """Give the number of rows changed."""
        try:
            return self._execute(statement, values).rowcount
        except sqlite3.IntegrityError as error:
            raise Duplicate from error
        except sqlite3.Error as error:
            raise unavailable(error) from error

    def later(self, statement: Statement, values: Values) -> None:
        """Run it now: nothing travels."""
        self.run(statement, values)


class SqliteEngine:
    """One file. ``now`` stands for the database's time: they share a machine."""

    def __init__(self, path: Path, *, now: Callable[[], datetime]) -> None:
        """Open nothing yet but the machine's lock.

        Raises:
            StoreUnavailable: another machine uses the file.
        """
        self._now = now
        self._lock = MachineLock(path)

        def opened() -> sqlite3.Connection:
            return connect(path, synchronous="FULL")

        self._writer = Pool(
            connect=opened, close=sqlite3.Connection.close, most=1, wait=BUSY_SECONDS
        )
        self._readers = Pool(
            connect=opened, close=sqlite3.Connection.close, most=_READERS, wait=BUSY_SECONDS
        )

    def writing(self) -> AbstractContextManager[Link]:
        """Open a unit by BEGIN IMMEDIATE: the write lock is taken first, never upgraded to."""
        return _unit(self._writer, "BEGIN IMMEDIATE", "COMMIT", reading=False)

    def reading(self) -> AbstractContextManager[Link]:
        """Open a unit that sees one snapshot."""
        return _unit(self._readers, "BEGIN", "ROLLBACK", reading=True)

    def time(self) -> datetime:
        """Give the time of the machine that the file lies on: ours."""
        return self._now()

    def close(self) -> None:
        """Close every connection of this process and let the file go."""
        self._writer.close()
        self._readers.close()
        self._lock.release()


@contextmanager
def _unit(pool: Pool[sqlite3.Connection], begin: str, end: str, *, reading: bool) -> Iterator[Link]:
    connection = pool.take()
    healthy = False
    try:
        try:
            connection.execute(begin)
        except sqlite3.Error as error:
            raise unavailable(error) from error
        try:
            yield SqliteLink(connection, reading=reading)
        except StoreUnavailable:
            raise
        except BaseException:
            healthy = _rolled_back(connection)
            raise
        try:
            connection.execute(end)
        except sqlite3.Error as error:
            raise unavailable(error) from error
        healthy = True
    finally:
        if healthy:
            pool.give(connection)
        else:
            pool.discard(connection)


def _rolled_back(connection: sqlite3.Connection) -> bool:
    try:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    except sqlite3.Error:
        return False
    return True
