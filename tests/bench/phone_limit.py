"""What approving by phone cannot do without: one signature check, one durable commit, both bare."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from idp.store.sql.urls import sqlite_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROW: Final = 1000
"""Bytes of the row: about what an approval and its audit row hold."""
_SIGNED: Final = 101
"""Bytes under an assertion's signature: authenticator data and a hash."""


@contextlib.contextmanager
def a_verification() -> Iterator[Callable[[], None]]:
    """One ECDSA verification on P-256, the key ready: assertions and proofs are alike in this."""
    key = ec.generate_private_key(ec.SECP256R1())
    message, scheme = os.urandom(_SIGNED), ec.ECDSA(hashes.SHA256())
    signature, public = key.sign(message, scheme), key.public_key()
    yield lambda: public.verify(signature, message, scheme)


@contextlib.contextmanager
def a_commit(url: str) -> Iterator[Callable[[], None]]:
    """One durable commit of one row by the driver alone, to the database that the Ledger is in."""
    path = sqlite_path(url)
    connected = _postgres(url) if path is None else _sqlite(str(path))
    with connected as commit:
        yield commit


@contextlib.contextmanager
def _sqlite(path: str) -> Iterator[Callable[[], None]]:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as link:
        link.execute("PRAGMA synchronous=FULL")
        link.execute("CREATE TABLE bench_row (content BLOB NOT NULL)")

        def commit() -> None:
            link.execute("BEGIN IMMEDIATE")
            link.execute("INSERT INTO bench_row VALUES (?)", (os.urandom(ROW),))
            link.execute("COMMIT")

        yield commit


@contextlib.contextmanager
def _postgres(url: str) -> Iterator[Callable[[], None]]:
    import psycopg

    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as link:
        link.execute("CREATE TABLE bench_row (content BYTEA NOT NULL)")
        link.execute("SET synchronous_commit = on")

        def commit() -> None:
            link.execute("INSERT INTO bench_row VALUES (%s)", (os.urandom(ROW),))

        yield commit
