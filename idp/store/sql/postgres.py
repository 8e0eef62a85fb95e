"""PostgreSQL as the Ledger's engine: every wait has an end, every error costs the connection.

A reading unit runs its statements one by one, each seeing what was committed before it, because a
transaction around one point read would triple its round trips.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import psycopg
from sqlalchemy import BigInteger, cast, extract, func, literal_column, select

from idp.store.pool import Pool
from idp.store.ports import Duplicate, StoreUnavailable
from idp.store.sql.engine import WriteInReadingUnit
from idp.store.sql.moments import moment
from idp.store.sql.postgres_wire import Wire, rows, unavailable
from idp.store.sql.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from psycopg.pq.abc import PGresult

    from idp.store.sql.statement import Link, Row, Values

_SESSION: Final = (
    "-c synchronous_commit=on -c statement_timeout=2000 -c lock_timeout=1000 "
    "-c idle_in_transaction_session_timeout=5000 -c timezone=UTC "
    "-c default_transaction_isolation=read\\ committed"
)
_CONNECT_SECONDS: Final = 2
_PACKET_MILLISECONDS: Final = 3000
_ANSWER_MILLISECONDS: Final = 5000
_TIME: Final = Statement(
    select(cast(extract("epoch", func.clock_timestamp()) * literal_column("1000000"), BigInteger))
)
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


class PostgresLink:
    """A connection inside one unit."""

    __slots__ = ("_reading", "_wire")

    def __init__(self, wire: Wire, *, reading: bool) -> None:
        self._wire = wire
        self._reading = reading

    def one(self, statement: Statement, values: Values) -> Row | None:
        """Give the first row."""
        found = self.all(statement, values)
        return found[0] if found else None

    def all(self, statement: Statement, values: Values) -> list[Row]:
        """Give every row."""
        return rows(self._asked(statement, values))

    def run(self, statement: Statement, values: Values) -> int:
        """Give the number of rows changed."""
        return self._asked(statement, values).command_tuples or 0

    def later(self, statement: Statement, values: Values) -> None:
        """Let it leave with the next statement, or with the commit."""
        self._wire.send(*self._given(statement, values))

    def _asked(self, statement: Statement, values: Values) -> PGresult:
        return self._wire.ask(*self._given(statement, values))

    def _given(self, statement: Statement, values: Values) -> tuple[str, list[object]]:
        if self._reading and statement.writes:
            raise WriteInReadingUnit(statement.postgresql)
        return statement.postgresql, [values[name] for name in statement.places]


class PostgresEngine:
    """One database, by a small pool in each process."""

    def __init__(self, url: str) -> None:
        """Open nothing yet; ``url`` is a libpq connection URI."""

        def opened() -> Wire:
            try:
                connection = psycopg.connect(
                    url,
                    autocommit=True,
                    connect_timeout=_CONNECT_SECONDS,
                    tcp_user_timeout=_PACKET_MILLISECONDS,
                    options=_SESSION,
                    application_name="sesame",
                )
                return Wire(connection, answer_within=_ANSWER_MILLISECONDS)
            except psycopg.Error as error:
                raise unavailable(error) from None

        self._pool = Pool(connect=opened, close=Wire.close, most=_MOST, wait=_WAIT_SECONDS)

    @contextmanager
    def writing(self) -> Iterator[Link]:
        """Open a transaction: it begins with its first statement."""
        wire = self._take()
        healthy = False
        try:
            wire.begin()
            try:
                yield PostgresLink(wire, reading=False)
            except StoreUnavailable:
                raise
            except BaseException:
                healthy = wire.roll_back()
                raise
            try:
                wire.commit()
            except Duplicate:
                healthy = wire.roll_back()
                raise
            healthy = True
        finally:
            self._put_back(wire, healthy=healthy)

    @contextmanager
    def reading(self) -> Iterator[Link]:
        """Open a unit without a transaction around it."""
        wire = self._take()
        healthy = False
        try:
            yield PostgresLink(wire, reading=True)
            healthy = True
        except StoreUnavailable:
            raise
        except BaseException:
            healthy = wire.roll_back()
            raise
        finally:
            self._put_back(wire, healthy=healthy)

    def time(self) -> datetime:
        """Give the server's clock."""
        with self.reading() as link:
            row = link.one(_TIME, {})
        if row is None:
            raise StoreUnavailable("postgresql: no time")
        return moment(row[0])

    def close(self) -> None:
        """Close every connection of this process."""
        self._pool.close()

    def _take(self) -> Wire:
        wire = self._pool.take()
        if wire.has_something_to_say():
            self._pool.discard(wire)
            wire = self._pool.take()
        return wire

    def _put_back(self, wire: Wire, *, healthy: bool) -> None:
        if healthy:
            self._pool.give(wire)
        else:
            self._pool.discard(wire)
