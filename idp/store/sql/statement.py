"""A statement: a Core expression, compiled once for both dialects and then only text.

Nothing is compiled while a request waits; repositories hold their statements as constants.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Protocol

from sqlalchemy import Select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import psycopg as _psycopg
from sqlalchemy.dialects.sqlite import pysqlite as _pysqlite

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Table
    from sqlalchemy.sql.elements import ClauseElement

Row = tuple[Any, ...]
Values = dict[str, Any]

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"

_DIALECTS: Final = {
    SQLITE: (_pysqlite.dialect(paramstyle="named"), sqlite.insert),
    POSTGRESQL: (_psycopg.dialect(paramstyle="numeric_dollar"), postgresql.insert),  # type: ignore[no-untyped-call]
}


class Statement:
    """One statement: its text in each dialect, and whether it ``writes`` (all but a select do).

    In PostgreSQL's, parameters stand by their numbers; ``places`` names them in that order.
    """

    __slots__ = ("places", "postgresql", "sqlite", "writes")

    def __init__(self, build: ClauseElement | Callable[[Callable[[Table], Any]], Any]) -> None:
        """Compile an expression, or what ``build`` makes of the dialect's own ``insert``.

        Values come only by named parameters; a constant in the expression is refused because it
        would be a parameter that nobody gives.
        """
        texts = {}
        self.places: tuple[str, ...] = ()
        self.writes = False
        for name, (dialect, insert) in _DIALECTS.items():
            expression = build(insert) if callable(build) else build
            compiled = expression.compile(dialect=dialect)
            text = str(compiled)
            for parameter, value in compiled.params.items():
                if value is None:
                    continue
                if value != 0 or name != SQLITE:
                    raise ValueError(f"constant in statement: {text}")
                # SQLite's compiler writes a LIMIT with an OFFSET of nothing.
                text = re.sub(rf":{parameter}\b", "0", text)
            self.writes = not isinstance(expression, Select)
            texts[name] = text
            self.places = tuple(getattr(compiled, "positiontup", None) or ())
        self.sqlite: str = texts[SQLITE]
        self.postgresql: str = texts[POSTGRESQL]


class Link(Protocol):
    """The driver's connection inside one unit; driver errors leave as ``StoreUnavailable``."""

    def one(self, statement: Statement, values: Values) -> Row | None:
        """Run and give the first row, if any. Raises: StoreUnavailable, Duplicate."""
        ...

    def all(self, statement: Statement, values: Values) -> list[Row]:
        """Run and give every row. Raises: StoreUnavailable, Duplicate."""
        ...

    def run(self, statement: Statement, values: Values) -> int:
        """Run and give the number of rows changed. Raises: StoreUnavailable, Duplicate."""
        ...

    def later(self, statement: Statement, values: Values) -> None:
        """Run in its turn what nobody waits for; its error may come with a later verb, or commit.

        Raises:
            StoreUnavailable, Duplicate: here, or there.
        """
        ...
