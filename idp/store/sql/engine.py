"""What the Ledger asks of a database: a writing unit, a reading unit, the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import datetime

    from idp.store.sql.statement import Link


class Engine(Protocol):
    """One database, reached from one process."""

    def writing(self) -> AbstractContextManager[Link]:
        """Open a unit that commits when its block ends and rolls back when it raises.

        Raises:
            StoreUnavailable: busy past its deadline, gone, full or read-only.
        """
        ...

    def reading(self) -> AbstractContextManager[Link]:
        """Open a unit that refuses statements that write and never waits for a writer."""
        ...

    def time(self) -> datetime:
        """Give the database's time."""
        ...

    def close(self) -> None:
        """Close every connection of this process."""
        ...


class WriteInReadingUnit(Exception):
    """A program tried to write in a reading unit: a fault of ours, not of the store."""
