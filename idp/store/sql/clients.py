"""Registrations: what is looked up in columns, the rest as JSON, every change kept in a history.

A request reads only the version; the decoded registration is kept in this process under
(identifier, version), so a change is seen by the next request of every worker.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, insert, select, update

from idp.domain.client import Client, ClientId
from idp.store.encoding import Encoding
from idp.store.ports import ClientChange, Duplicate, VersionConflict
from idp.store.sql import schema
from idp.store.sql.moments import micros, moment
from idp.store.sql.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from idp.store.sql.statement import Link

_ENCODING: Final[Encoding[Client]] = Encoding(Client)
_T: Final = schema.clients
_MOST_CACHED: Final = 4096

_VERSION: Final = Statement(select(_T.c.version).where(_T.c.id == bindparam("id")))
_BODY: Final = Statement(select(_T.c.version, _T.c.body).where(_T.c.id == bindparam("id")))
_ALL: Final = Statement(select(_T.c.body).order_by(_T.c.id))
_RESERVE: Final = Statement(
    lambda new: (
        new(schema.client_ids).on_conflict_do_nothing().returning(schema.client_ids.c.folded)
    )
)
_ADD: Final = Statement(insert(_T))
_REPLACE: Final = Statement(
    update(_T)
    .where(_T.c.id == bindparam("which"), _T.c.version == bindparam("expected"))
    .values(version=bindparam("new"), enabled=bindparam("on"), body=bindparam("text"))
    .returning(_T.c.version)
)
_REMOVE: Final = Statement(delete(_T).where(_T.c.id == bindparam("id")))
_REMEMBER: Final = Statement(
    insert(schema.client_history).values(
        {name: bindparam(name) for name in ("client", "version", "at", "before", "after")}
    )
)
_HISTORY: Final = Statement(
    select(schema.client_history)
    .where(schema.client_history.c.client == bindparam("client"))
    .order_by(schema.client_history.c.id)
)


class ClientCache:
    """The decoded registrations of one process, the latest version of each."""

    def __init__(self) -> None:
        self._held: dict[ClientId, Client] = {}

    def get(self, client_id: ClientId, version: int) -> Client | None:
        """Give it if exactly this version is held."""
        held = self._held.get(client_id)
        return held if held is not None and held.version == version else None

    def put(self, client: Client) -> None:
        """Hold it; a full cache starts again."""
        if len(self._held) >= _MOST_CACHED:
            self._held.clear()
        self._held[client.id] = client


class SqlClients:
    """``Clients`` in SQL."""

    __slots__ = ("_cache", "_changed", "_link")

    def __init__(self, link: Link, cache: ClientCache) -> None:
        self._link = link
        self._cache = cache
        self._changed = False

    def get(self, client_id: ClientId) -> Client | None:
        """Read the version, and the body only when it is not the one held."""
        row = self._link.one(_VERSION, {"id": client_id})
        return None if row is None else self.at(client_id, row[0])

    def at(self, client_id: ClientId, version: int) -> Client | None:
        """Give the registration whose version was just read, with whatever else it stood beside."""
        # A version written here may still be rolled back: never cached.
        held = None if self._changed else self._cache.get(client_id, version)
        if held is not None:
            return held
        row = self._link.one(_BODY, {"id": client_id})
        if row is None:
            return None
        client = _ENCODING.decode(row[1])
        if not self._changed:
            self._cache.put(client)
        return client

    def all(self) -> Sequence[Client]:
        """Give every registration by identifier."""
        return [_ENCODING.decode(row[0]) for row in self._link.all(_ALL, {})]

    def add(self, client: Client) -> None:
        """Insert, reserving the identifier for ever whatever its case."""
        self._changed = True
        reserved = self._link.one(_RESERVE, {"folded": client.id.casefold(), "id": client.id})
        if reserved is None:
            raise Duplicate(client.id)
        body = _text(client)
        self._link.run(
            _ADD,
            {"id": client.id, "version": client.version, "enabled": client.enabled, "body": body},
        )
        self._remember(client, before=None, after=body, at=client.created_at)

    def replace(self, client: Client, *, expected_version: int) -> None:
        """Update to version ``expected_version + 1``."""
        self._changed = True
        new = replace(client, version=expected_version + 1)
        body = _text(new)
        former = self._link.one(_BODY, {"id": client.id})
        row = self._link.one(
            _REPLACE,
            {
                "which": client.id,
                "expected": expected_version,
                "new": new.version,
                "on": new.enabled,
                "text": body,
            },
        )
        if row is None or former is None:
            raise VersionConflict(client.id)
        self._remember(new, before=former[1], after=body, at=client.updated_at)

    def remove(self, client_id: ClientId, *, at: datetime) -> None:
        """Take it out; an absent one is no fault."""
        self._changed = True
        former = self._link.one(_BODY, {"id": client_id})
        if former is None or not self._link.run(_REMOVE, {"id": client_id}):
            return
        gone = _ENCODING.decode(former[1])
        self._remember(gone, before=former[1], after=None, at=at)

    def history(self, client_id: ClientId) -> Sequence[ClientChange]:
        """Give every change, the oldest first."""
        return [
            ClientChange(
                version=version,
                at=moment(at),
                before=None if before is None else _ENCODING.decode(before),
                after=None if after is None else _ENCODING.decode(after),
            )
            for _, _, version, at, before, after in self._link.all(_HISTORY, {"client": client_id})
        ]

    def _remember(
        self, client: Client, *, before: str | None, after: str | None, at: datetime
    ) -> None:
        self._link.run(
            _REMEMBER,
            {
                "client": client.id,
                "version": client.version,
                "at": micros(at),
                "before": before,
                "after": after,
            },
        )


def _text(client: Client) -> str:
    return _ENCODING.encode(client).decode()
