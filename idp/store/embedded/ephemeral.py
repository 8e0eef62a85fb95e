"""The Ephemeral store in a SQLite file of its own, shared by the processes of one machine.

synchronous=NORMAL: a power cut may lose the last moments, which this store is allowed to. Every
verb is one statement and its own transaction. Hints go through pipes beside the file.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from idp.store.embedded.hints import Pipes
from idp.store.limits import fitting
from idp.store.pool import Pool
from idp.store.ports import StoreUnavailable, VersionConflict
from idp.store.short_lived import Versioned
from idp.store.sql.moments import micros
from idp.store.sql.sqlite import BUSY_SECONDS, connect, unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from idp.store.embedded.hints import PipeHints

_TABLES: Final = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS entries (
    key TEXT PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL, ends INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ix_entries_ends ON entries (ends);
CREATE TABLE IF NOT EXISTS counters (
    key TEXT PRIMARY KEY, count INTEGER NOT NULL, ends INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ix_counters_ends ON counters (ends);
CREATE TABLE IF NOT EXISTS about (id INTEGER PRIMARY KEY, generation TEXT NOT NULL);
COMMIT;
"""
_BE_BORN: Final = "INSERT INTO about (id, generation) VALUES (1, ?) ON CONFLICT DO NOTHING"
_GENERATION: Final = "SELECT generation FROM about"
_PUT: Final = (
    "INSERT INTO entries (key, value, version, ends) VALUES (?, ?, 1, ?) ON CONFLICT (key) "
    "DO UPDATE SET value = excluded.value, version = 1, ends = excluded.ends"
)
_GET: Final = "SELECT value, version FROM entries WHERE key = ? AND ends > ?"
_VERSIONS: Final = (
    "SELECT key, version FROM entries WHERE key IN (SELECT value FROM json_each(?)) AND ends > ?"
)
_TAKE: Final = "DELETE FROM entries WHERE key = ? RETURNING value, ends"
_SWAP: Final = (
    "UPDATE entries SET value = ?, version = version + 1, ends = ? "
    "WHERE key = ? AND version = ? AND ends > ? RETURNING version"
)
_BUMP: Final = (
    "INSERT INTO counters (key, count, ends) VALUES (:key, 1, :ends) ON CONFLICT (key) DO UPDATE "
    "SET count = CASE WHEN ends > :now THEN count + 1 ELSE 1 END, "
    "ends = CASE WHEN ends > :now THEN ends ELSE excluded.ends END RETURNING count"
)
_SWEEP: Final = tuple(
    f"DELETE FROM {table} WHERE key IN (SELECT key FROM {table} WHERE ends <= ? LIMIT 512)"  # noqa: S608 - two constants
    for table in ("entries", "counters")
)
_SWEEP_EVERY: Final = 128
_MOST: Final = 64


class EmbeddedEphemeral:
    """``Ephemeral`` in one file; expiry is judged by ``now``."""

    def __init__(
        self, path: Path, *, now: Callable[[], datetime], entropy: Callable[[int], bytes]
    ) -> None:
        """Create the file where there is none, with a generation of its own.

        Raises:
            StoreUnavailable: it cannot be opened or written.
        """
        self._now = now
        self._writes = 0
        self._pipes = Pipes(path, entropy=entropy)

        def opened() -> sqlite3.Connection:
            return connect(path, synchronous="NORMAL")

        self._pool = Pool(
            connect=opened, close=sqlite3.Connection.close, most=_MOST, wait=BUSY_SECONDS
        )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with closing(connect(path, synchronous="NORMAL", create=True)) as file:
                file.executescript(_TABLES)
                file.execute(_BE_BORN, (entropy(16).hex(),))
        except sqlite3.Error as error:
            raise unavailable(error) from error
        except OSError as error:
            raise StoreUnavailable(f"the ephemeral file: {error.strerror}") from error

    def put(self, key: str, value: bytes, *, lasts: timedelta) -> None:
        """Store as version 1."""
        fitting(key, value, lasts=lasts)
        now = self._now()
        self._run(_PUT, (key, value, micros(now + lasts)))
        self._sweep(now)

    def get(self, key: str) -> Versioned | None:
        """Give what is there and alive."""
        fitting(key)
        rows = self._run(_GET, (key, micros(self._now())))
        return Versioned(value=rows[0][0], version=rows[0][1]) if rows else None

    def take(self, key: str) -> bytes | None:
        """Give and delete in one statement."""
        fitting(key)
        rows = self._run(_TAKE, (key,))
        return bytes(rows[0][0]) if rows and rows[0][1] > micros(self._now()) else None

    def swap(self, key: str, value: bytes, *, version: int, lasts: timedelta) -> None:
        """Replace a known version in one statement."""
        fitting(key, value, lasts=lasts)
        now = self._now()
        if not self._run(_SWAP, (value, micros(now + lasts), key, version, micros(now))):
            raise VersionConflict(key)

    def bump(self, key: str, *, lasts: timedelta) -> int:
        """Count in one statement."""
        fitting(key, lasts=lasts)
        now = self._now()
        rows = self._run(_BUMP, {"key": key, "ends": micros(now + lasts), "now": micros(now)})
        self._sweep(now)
        return int(rows[0][0])

    def versions(self, keys: Sequence[str]) -> tuple[int | None, ...]:
        """Look all of them up in one statement."""
        for key in keys:
            fitting(key)
        found = dict(self._run(_VERSIONS, (json.dumps(keys), micros(self._now()))))
        return tuple(found.get(key) for key in keys)

    def hint(self, channel: str) -> None:
        """Write to the pipes of whoever listens on this machine."""
        fitting(channel)
        self._pipes.tell(channel)

    def listen(self) -> PipeHints:
        """Hear the processes of this machine."""
        return self._pipes.listen()

    def generation(self) -> str:
        """Give the word that the file was born with."""
        return str(self._run(_GENERATION, ())[0][0])

    def close(self) -> None:
        """Close every connection of this process."""
        self._pool.close()

    def _sweep(self, now: datetime) -> None:
        self._writes += 1
        if self._writes % _SWEEP_EVERY == 0:
            for statement in _SWEEP:
                self._run(statement, (micros(now),))

    def _run(self, statement: str, values: tuple[Any, ...] | dict[str, Any]) -> list[Any]:
        connection = self._pool.take()
        try:
            rows = connection.execute(statement, values).fetchall()
        except BaseException as error:
            self._pool.discard(connection)
            if isinstance(error, sqlite3.Error):
                raise unavailable(error) from error
            raise
        self._pool.give(connection)
        return rows
