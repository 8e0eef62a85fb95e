"""From a URL to a store: the only place that knows which implementations there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from idp.store.embedded.ephemeral import EmbeddedEphemeral
from idp.store.memory import MemoryEphemeral
from idp.store.sql.keys import RootRows
from idp.store.sql.ledger import SqlLedger
from idp.store.sql.revision import check
from idp.store.sql.sqlite import SqliteEngine
from idp.store.sql.urls import libpq_uri, sqlite_path, unknown

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.store.ports import Vault
    from idp.store.short_lived import Ephemeral
    from idp.store.sql.engine import Engine

_SomeVault = TypeVar("_SomeVault", bound="Vault")


def open_ledger(
    url: str,
    vault: Vault,
    *,
    now: Callable[[], datetime],
    entropy: Callable[[int], bytes],
) -> SqlLedger:
    """Open ``sqlite:///path`` or ``postgresql://…``; connections are opened when first used.

    Raises:
        SchemaOutdated: the schema is absent or older than this program.
        StoreUnavailable: the database does not answer, or another machine uses the file.
        UnsafeStore: the scheme is not one of these.
    """
    check(url)
    return SqlLedger(open_engine(url, now=now), vault, entropy=entropy)


def open_sealed_ledger(
    url: str,
    unlock: Callable[[RootRows], _SomeVault],
    *,
    now: Callable[[], datetime],
    entropy: Callable[[int], bytes],
) -> tuple[SqlLedger, _SomeVault]:
    """Open a Ledger whose vault's root lies in it: ``unlock`` makes the vault from its rows.

    Raises:
        SchemaOutdated, StoreUnavailable, UnsafeStore: as ``open_ledger``; and what ``unlock`` does.
    """
    check(url)
    engine = open_engine(url, now=now)
    try:
        vault = unlock(RootRows(engine))
    except BaseException:
        engine.close()
        raise
    return SqlLedger(engine, vault, entropy=entropy), vault


def open_engine(url: str, *, now: Callable[[], datetime]) -> Engine:
    """Open the engine alone, for storage that needs no vault."""
    path = sqlite_path(url)
    if path is not None:
        return SqliteEngine(path, now=now)
    uri = libpq_uri(url)
    if uri is not None:
        from idp.store.sql.postgres import PostgresEngine

        return PostgresEngine(uri)
    raise unknown("stores.ledger")


def open_ephemeral(
    url: str, *, now: Callable[[], datetime], entropy: Callable[[int], bytes]
) -> Ephemeral:
    """Open ``memory:``, ``sqlite:///path``, ``redis://…``, ``rediss://…`` or ``unix://…``.

    Raises:
        StoreUnavailable: the embedded file cannot be opened.
        UnsafeStore: the scheme is not one of these, or Redis may evict what it holds.
    """
    if url == "memory:":
        return MemoryEphemeral(now=now, entropy=entropy)
    path = sqlite_path(url)
    if path is not None:
        return EmbeddedEphemeral(path, now=now, entropy=entropy)
    if url.startswith(("redis://", "rediss://", "unix://")):
        from idp.store.redis import RedisEphemeral

        return RedisEphemeral(url, now=now, entropy=entropy)
    raise unknown("stores.ephemeral")
