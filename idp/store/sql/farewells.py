"""Whom an ended sign-on was used at, and the message to each client that wants to hear of it.

Written by whoever ends sessions, in the same unit: no cause of an end can forget to tell. The
subject is looked up and never made, because nobody is to become known to a sector by leaving.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, select

from idp.domain.client import ClientId, is_open, subject_sector
from idp.domain.ended import Ended, LogoutNotice, UsedAt
from idp.domain.person import PersonId, SubjectId
from idp.store.logouts import KIND, write_notice
from idp.store.sql import schema
from idp.store.sql.moments import micros
from idp.store.sql.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from idp.store.ports import Clients
    from idp.store.sql.statement import Link, Row
    from idp.store.upkeep import Outbox

_T: Final = schema.sessions
_C: Final = schema.session_clients
_S: Final = schema.subjects
_USED_AT: Final = (
    select(_T.c.person, _C.c.client, _C.c.sid)
    .select_from(_T.join(_C, _C.c.session == _T.c.key))
    .distinct()
)
_OF_SESSION: Final = Statement(_USED_AT.where(_T.c.key == bindparam("key")))
_ENDED_AT: Final = Statement(_USED_AT.where(_T.c.ended_at == bindparam("at")))
_SUBJECT: Final = Statement(
    select(_S.c.subject).where(
        _S.c.person == bindparam("person"), _S.c.sector == bindparam("sector")
    )
)


class Farewells:
    """Tells clients, by the outbox, of sign-ons that ended in this unit."""

    __slots__ = ("_clients", "_link", "_outbox")

    def __init__(self, link: Link, *, clients: Clients, outbox: Outbox) -> None:
        self._link = link
        self._clients = clients
        self._outbox = outbox

    def of_sessions(self, keys: Iterable[str], *, at: datetime) -> Ended:
        """Tell of the sessions with these keys; what several of them share is told once."""
        rows = (row for key in keys for row in self._link.all(_OF_SESSION, {"key": key}))
        return self._tell(dict.fromkeys(rows), at=at)

    def of_moment(self, at: datetime) -> Ended:
        """Tell of every session that ended at exactly ``at``."""
        return self._tell(self._link.all(_ENDED_AT, {"at": micros(at)}), at=at)

    def _tell(self, rows: Iterable[Row], *, at: datetime) -> Ended:
        used_at: list[UsedAt] = []
        messages: list[int] = []
        for person, client, sid in rows:
            used = UsedAt(client=ClientId(client), sid=sid)
            used_at.append(used)
            number = self._queue(PersonId(person), used, at=at)
            if number is not None:
                messages.append(number)
        return Ended(used_at=tuple(used_at), messages=tuple(messages))

    def _queue(self, person: PersonId, used: UsedAt, *, at: datetime) -> int | None:
        client = self._clients.get(used.client)
        if client is None or client.logout.back is None or not is_open(client, at):
            return None
        row = self._link.one(_SUBJECT, {"person": person, "sector": subject_sector(client)})
        subject = None if row is None else SubjectId(row[0])
        notice = LogoutNotice(client=used.client, sid=used.sid, subject=subject)
        # The client's name is the destination, so that a dead one holds up nobody else's.
        return self._outbox.add(
            kind=KIND, destination=client.id, body=write_notice(notice), due_at=at
        )
