"""PostgreSQL as the Ledger's engine: every wait has an end, every error costs the connection.

A reading unit runs its statements one by one, each seeing what was committed before it, because a
transaction around one point read would triple its round trips.
"""

from __future__ import annotations

import select
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import psycopg

from idp.store.pool import Pool
from idp.store.ports import Duplicate, StoreUnavailable
from idp.store.sql.engine import WriteInReadingUnit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idp.store.sql.statement import Link, Row, Statement, Values

_Connection = psycopg.Connection[tuple[object, ...]]

_SESSION: Final = (
    "-c synchronous_commit=on -c statement_timeout=2000 -c lock_timeout=1000 "
    "-c idle_in_transaction_session_timeout=5000 -c timezone=UTC "
    "-c default_transaction_isolation=read\\ committed"
)
_CONNECT_SECONDS: Final = 2
_PACKET_MILLISECONDS: Final = 3000
_MOST: Final = 8
_WAIT_SECONDS: Final = 1.0


def revision(uri: str) -> str | None:
    """Give the revision of the schema there, ``None`` where there is none.

    Raises:
        StoreUnavailable: the server does not answer.
    """
    try:
        with psycopg.connect(uri, connect_timeout=_CONNECT_SECONDS, options=_SESSION) as connection:
            row = connection.execute(b"SELECT version_num FROM alembic_version").fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    except psycopg.Error as error:
        raise unavailable(error) from None
    return None if row is None else str(row[0])


def unavailable(error: psycopg.Error) -> StoreUnavailable:
    """Name a driver error by its SQLSTATE; the server's messages may quote values."""
    return StoreUnavailable(f"postgresql: {error.sqlstate or type(error).__name__}")


class PostgresLink:
    """A connection inside one unit."""

    __slots__ = ("_connection", "_reading")

    def __init__(self, connection: _Connection, *, reading: bool) -> None:
        self._connection = connection
        self._reading = reading

    def _execute(self, statement: Statement, values: Values) -> psycopg.Cursor[Row]:
        if self._reading and statement.writes:
            raise WriteInReadingUnit(statement.postgresql)
        try:
            # The text is compiled from Core, never from input.
            return self._connection.execute(statement.postgresql.encode(), values)
        except psycopg.errors.UniqueViolation:
            raise Duplicate from None
        except psycopg.Error as error:
            raise unavailable(error) from None

    def one(self, statement: Statement, values: Values) -> Row | None:
        """Give the first row."""
        return self._execute(statement, values).fetchone()

    def all(self, statement: Statement, values: Values) -> list[Row]:
        """Give every row."""
        return self._execute(statement, values).fetchall()

    def run(self, statement: Statement, values: Values) -> int:
        """Give the number of rows changed."""
        return self._execute(statement, values).rowcount


class PostgresEngine:
    """One database, by a small pool in each process."""

    def __init__(self, url: str) -> None:
        """Open nothing yet; ``url`` is a libpq connection URI."""

        def opened() -> _Connection:
            try:
                return psycopg.connect(
                    url,
                    autocommit=True,
                    prepare_threshold=1,
                    connect_timeout=_CONNECT_SECONDS,
                    tcp_user_timeout=_PACKET_MILLISECONDS,
                    options=_SESSION,
                    application_name="sesame",
                )
            except psycopg.Error as error:
                raise unavailable(error) from None

        self._pool = Pool(
            connect=opened, close=psycopg.Connection.close, most=_MOST, wait=_WAIT_SECONDS
        )

    @contextmanager
    def writing(self) -> Iterator[Link]:
        """Open a transaction."""
        connection = self._take()
        healthy = False
        try:
            try:
                connection.execute(b"BEGIN")
            except psycopg.Error as error:
                raise unavailable(error) from None
            try:
                yield PostgresLink(connection, reading=False)
            except StoreUnavailable:
                raise
            except BaseException:
                healthy = _rolled_back(connection)
                raise
            try:
                ended = connection.execute(b"COMMIT").statusmessage
            except psycopg.Error as error:
                raise unavailable(error) from None
            if ended != "COMMIT":
                # An error that somebody caught had ended the unit: it was rolled back, without one.
                raise StoreUnavailable("postgresql: the unit had failed")
            healthy = True
        finally:
            self._put_back(connection, healthy=healthy)

    @contextmanager
    def reading(self) -> Iterator[Link]:
        """Open a unit without a transaction around it."""
        connection = self._take()
        healthy = False
        try:
            yield PostgresLink(connection, reading=True)
            healthy = True
        finally:
            self._put_back(connection, healthy=healthy)

    def time(self) -> datetime:
        """Give the server's clock."""
        connection = self._take()
        healthy = False
        try:
            row = connection.execute(b"SELECT clock_timestamp()").fetchone()
            healthy = True
        except psycopg.Error as error:
            raise unavailable(error) from None
        finally:
            self._put_back(connection, healthy=healthy)
        if row is None or not isinstance(row[0], datetime):
            raise StoreUnavailable("postgresql: no time")
        return row[0].astimezone(UTC)

    def close(self) -> None:
        """Close every connection of this process."""
        self._pool.close()

    def _take(self) -> _Connection:
        connection = self._pool.take()
        # An idle connection that has something to say was ended by the server.
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        if poll.poll(0):
            self._pool.discard(connection)
            connection = self._pool.take()
        return connection

    def _put_back(self, connection: _Connection, *, healthy: bool) -> None:
        if healthy:
            self._pool.give(connection)
        else:
            self._pool.discard(connection)


def _rolled_back(connection: _Connection) -> bool:
    try:
        connection.execute(b"ROLLBACK")
    except psycopg.Error:
        return False
    return True
