"""The wire to PostgreSQL: prepared statements, as many in one round trip as nobody waits between.

psycopg opens the connection and libpq's pipeline mode carries what is said on it. Strings and bytes
travel in their binary form, so that no text is cut at a NUL; every answer is waited for with an
end, and the interpreter is free meanwhile.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.postgres import types
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus

from idp.store.ports import Duplicate, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg.pq.abc import PGresult

    from idp.store.sql.statement import Row

_BINARY: Final = 1
_TEXT: Final = 0
_UNIQUE_VIOLATION: Final = b"23505"
_GOOD: Final = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK})
_BEGIN: Final = "BEGIN"
_COMMIT: Final = "COMMIT"
_ROLLBACK: Final = "ROLLBACK"


def unavailable(error: psycopg.Error) -> StoreUnavailable:
    """Name a driver error by its SQLSTATE; the server's messages may quote values."""
    return StoreUnavailable(f"postgresql: {error.sqlstate or type(error).__name__}")


class Wire:
    """One connection of one unit at a time. What is sent leaves with what is asked after it.

    After ``StoreUnavailable`` it is of no use: close it.
    """

    __slots__ = ("_answer", "_connection", "_in_doubt", "_libpq", "_names", "_readable", "_sent")

    def __init__(self, connection: psycopg.Connection[Any], *, answer_within: int) -> None:
        """Take over a fresh ``connection``; ``answer_within`` is in milliseconds."""
        self._connection = connection
        self._libpq = connection.pgconn
        self._libpq.nonblocking = 0
        self._libpq.enter_pipeline_mode()
        self._readable = select.poll()
        self._readable.register(connection.fileno(), select.POLLIN)
        self._answer = answer_within
        self._names: dict[str, bytes] = {}
        self._sent: list[tuple[str, Sequence[object]]] = []
        self._in_doubt = False

    def begin(self) -> None:
        """Begin a transaction, with the first statement of it."""
        self._sent.append((_BEGIN, ()))

    def commit(self) -> None:
        """Commit, in one trip with what was sent and not asked; nothing, if there was nothing.

        Raises:
            StoreUnavailable: the answer is lost, or an error that somebody caught had ended the
                transaction: then it was rolled back, without an error of its own.
            Duplicate: a statement that was sent and not asked met one.
        """
        if self._untouched and len(self._sent) == 1:
            self._sent.clear()
        elif self.ask(_COMMIT, ()).command_status != _COMMIT.encode():
            raise StoreUnavailable("postgresql: the unit had failed")

    def roll_back(self) -> bool:
        """Undo what this transaction did; ``False`` if the connection can say nothing any more."""
        self._sent.clear()
        if self._in_doubt:
            return False
        try:
            if not self._untouched:
                self.ask(_ROLLBACK, ())
        except StoreUnavailable:
            return False
        return True

    def send(self, text: str, values: Sequence[object]) -> None:
        """Let a statement leave with the next one that is asked; its error comes then."""
        self._sent.append((text, values))

    def ask(self, text: str, values: Sequence[object]) -> PGresult:
        """Run what was sent and this, in one round trip; give this one's result.

        Raises:
            StoreUnavailable, Duplicate: of whichever statement failed first.
        """
        self._sent.append((text, values))
        sent, self._sent = self._sent, []
        self._in_doubt = True
        try:
            results = self._travelled(sent)
        except psycopg.Error as error:
            raise unavailable(error) from None
        self._in_doubt = False
        for result in results:
            if result.status == ExecStatus.FATAL_ERROR:
                raise _named(result)
        return results[-1]

    def has_something_to_say(self) -> bool:
        """Tell whether the server spoke unasked: it does so to end an idle connection."""
        return bool(self._readable.poll(0))

    def close(self) -> None:
        """Close the connection, whatever state it is in."""
        self._connection.close()

    @property
    def _untouched(self) -> bool:
        return self._libpq.transaction_status == TransactionStatus.IDLE

    def _travelled(self, sent: list[tuple[str, Sequence[object]]]) -> list[PGresult]:
        """Give a result for every text prepared on the way and for every statement."""
        prepared: list[str | None] = []
        for text, values in sent:
            name = self._names.get(text)
            if name is None:
                name = self._names[text] = b"s%d" % len(self._names)
                self._libpq.send_prepare(name, text.encode())
                prepared.append(text)
            self._libpq.send_query_prepared(
                name,
                [_written(value) for value in values],
                [_BINARY if isinstance(value, str | bytes) else _TEXT for value in values],
                _BINARY,
            )
            prepared.append(None)
        self._libpq.pipeline_sync()
        results = [self._finished() for _ in prepared]
        self._arrived()  # the answer to the synchronisation itself
        for text_prepared, result in zip(prepared, results, strict=True):
            if text_prepared is not None and result.status not in _GOOD:
                del self._names[text_prepared]
        return results

    def _finished(self) -> PGresult:
        result = self._arrived()
        if result is None or self._arrived() is not None:
            raise StoreUnavailable("postgresql: an answer to nothing")
        return result

    def _arrived(self) -> PGresult | None:
        while self._libpq.is_busy():
            if not self._readable.poll(self._answer):
                raise StoreUnavailable("postgresql: no answer")
            self._libpq.consume_input()
        return self._libpq.get_result()


def rows(result: PGresult) -> list[Row]:
    """Give the rows of a result as Python values."""
    columns = range(result.nfields)
    readers = [_READERS[result.ftype(column)] for column in columns]
    return [
        tuple(
            None if (value := result.get_value(row, column)) is None else readers[column](value)
            for column in columns
        )
        for row in range(result.ntuples)
    ]


def _named(result: PGresult) -> Exception:
    state = result.error_field(DiagnosticField.SQLSTATE)
    if state == _UNIQUE_VIOLATION:
        return Duplicate()
    return StoreUnavailable(f"postgresql: {'' if state is None else state.decode()}")


def _written(value: object) -> bytes | None:
    match value:
        case None | bytes():
            return value
        case str():
            return value.encode()
        case int():  # booleans too: PostgreSQL reads their names in any case
            return str(value).encode("ascii")
    raise TypeError(type(value).__name__)


def _integer(value: bytes) -> int:
    return int.from_bytes(value, "big", signed=True)


_READERS: Final[dict[int, Callable[[bytes], object]]] = {
    types["bool"].oid: lambda value: value == b"\x01",
    types["bytea"].oid: bytes,
    **{types[name].oid: _integer for name in ("int2", "int4", "int8")},
    **{types[name].oid: bytes.decode for name in ("text", "varchar")},
}
