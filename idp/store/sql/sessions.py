"""Signed-in browsers; ending one ends its whole sign-on, and what hangs off it, in the same unit.

A sign-on is a line of sessions, each the successor of the one before (a step-up, a new proof by the
same person). All carry the key of the first, so that grants given along the line end together. What
ends is told to the clients that want to hear of it, by ``Farewells``, whatever the cause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, false, func, insert, select, update

from idp.domain.client import ClientId
from idp.domain.event import AuthenticationEvent
from idp.domain.session import Session, SessionKey
from idp.store.encoding import Encoding
from idp.store.sealing import seal, unseal
from idp.store.sql import schema
from idp.store.sql.ending import end_grants
from idp.store.sql.moments import micros, moment
from idp.store.sql.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from idp.domain.ended import Ended
    from idp.domain.person import PersonId
    from idp.store.ports import Vault
    from idp.store.sql.farewells import Farewells
    from idp.store.sql.statement import Link, Values

_PURPOSE: Final = "sessions"
_ENCODING: Final[Encoding[AuthenticationEvent]] = Encoding(AuthenticationEvent)
_T: Final = schema.sessions
_C: Final = schema.session_clients

_OPEN: Final = Statement(insert(_T))
_GET: Final = Statement(
    select(
        _T.c.event,
        _T.c.opened_at,
        _T.c.used_at,
        _T.c.succeeded_at,
        _T.c.ended_at,
        _C.c.client,
        _C.c.sid,
    )
    .select_from(_T.outerjoin(_C, _C.c.session == _T.c.key))
    .where(_T.c.key == bindparam("key"))
)
_OF_PERSON: Final = Statement(
    select(_T.c.key)
    .where(_T.c.person == bindparam("who"), _T.c.ended_at.is_(None), _T.c.succeeded_at.is_(None))
    .order_by(_T.c.opened_at.desc(), _T.c.key)
)
_TOUCH: Final = Statement(
    update(_T)
    .where(_T.c.key == bindparam("which"), _T.c.used_at < bindparam("at"))
    .values(used_at=bindparam("at"))
)
_JOIN: Final = Statement(lambda new: new(_C).on_conflict_do_nothing().returning(_C.c.sid))
_SID: Final = Statement(
    select(_C.c.sid).where(_C.c.session == bindparam("session"), _C.c.client == bindparam("client"))
)
_SUCCEED: Final = Statement(
    update(_T)
    .where(_T.c.key == bindparam("which"), _T.c.ended_at.is_(None))
    .values(succeeded_at=func.coalesce(_T.c.succeeded_at, bindparam("at")))
    .returning(_T.c.sign_on)
)
_OWN: Final = _T.alias("own")
_SIGN_ON: Final = select(_OWN.c.sign_on).where(_OWN.c.key == bindparam("which")).scalar_subquery()
_END: Final = Statement(
    update(_T)
    .where(_T.c.sign_on == _SIGN_ON, _T.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"))
    .returning(_T.c.key)
)
_END_BY_PERSON: Final = Statement(
    update(_T)
    .where(_T.c.person == bindparam("who"), _T.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"))
    .returning(_T.c.key)
)
_END_ALL: Final = Statement(
    update(_T).where(_T.c.ended_at.is_(None)).values(ended_at=bindparam("at")).returning(_T.c.key)
)
_OF_SIGN_ON: Final = schema.grants.c.session.in_(select(_T.c.key).where(_T.c.sign_on == _SIGN_ON))
_END_GRANTS: Final = end_grants(_OF_SIGN_ON, schema.grants.c.offline == false())
_END_OFFLINE_TOO: Final = end_grants(_OF_SIGN_ON)


class SqlSessions:
    """``Sessions`` in SQL."""

    __slots__ = ("_farewells", "_link", "_vault")

    def __init__(self, link: Link, vault: Vault, farewells: Farewells) -> None:
        self._link = link
        self._farewells = farewells
        self._vault = vault

    def open(self, session: Session) -> None:
        """Insert as the first of its sign-on, with the clients it is used at already."""
        self._insert(session, sign_on=session.key)

    def succeed(self, key: SessionKey, session: Session, *, at: datetime) -> bool:
        """Mark the former, whose row stays locked, and insert the successor."""
        row = self._link.one(_SUCCEED, {"which": key, "at": micros(at)})
        if row is None:
            return False
        self._insert(session, sign_on=row[0])
        return True

    def _insert(self, session: Session, *, sign_on: str) -> None:
        self._link.later(
            _OPEN,
            {
                "key": session.key,
                "sign_on": sign_on,
                "person": session.event.person,
                "event": seal(
                    self._vault, _PURPOSE, (session.key,), _ENCODING.encode(session.event)
                ),
                "opened_at": micros(session.opened_at),
                "used_at": micros(session.used_at),
                "succeeded_at": micros(session.succeeded_at),
                "ended_at": micros(session.ended_at),
            },
        )
        for client_id, sid in session.sids.items():
            self.join(session.key, client_id, sid=sid)

    def get(self, key: SessionKey) -> Session | None:
        """Read the session with its clients in one statement."""
        rows = self._link.all(_GET, {"key": key})
        if not rows:
            return None
        sealed, opened_at, used_at, succeeded_at, ended_at = rows[0][:5]
        return Session(
            key=key,
            event=_ENCODING.decode(unseal(self._vault, _PURPOSE, (key,), sealed)),
            opened_at=moment(opened_at),
            used_at=moment(used_at),
            succeeded_at=moment(succeeded_at),
            ended_at=moment(ended_at),
            sids={ClientId(row[5]): row[6] for row in rows if row[5] is not None},
        )

    def of_person(self, person_id: PersonId) -> Sequence[Session]:
        """Read them one by one: a person has few."""
        keys = self._link.all(_OF_PERSON, {"who": person_id})
        found = (self.get(SessionKey(row[0])) for row in keys)
        return [session for session in found if session is not None]

    def touch(self, key: SessionKey, *, at: datetime) -> None:
        """Note a use; an earlier time changes nothing."""
        self._link.later(_TOUCH, {"which": key, "at": micros(at)})

    def join(self, key: SessionKey, client_id: ClientId, *, sid: str) -> str:
        """Insert the sid, or read the one that is there."""
        pair = {"session": key, "client": client_id}
        row = self._link.one(_JOIN, {**pair, "sid": sid}) or self._link.one(_SID, pair)
        return sid if row is None else str(row[0])

    def end(self, key: SessionKey, *, at: datetime, offline: bool = False) -> Ended | None:
        """End its sign-on once, and with it every grant that is not offline, or every grant."""
        values = {"which": key, "at": micros(at)}
        ended = self._until_none(_END, values)
        if not ended and not offline:
            return None
        for statement in _END_OFFLINE_TOO if offline else _END_GRANTS:
            grants = self._link.run(statement, values)
        return self._farewells.of_sessions(ended, at=at) if ended or grants else None

    def end_by_person(self, person_id: PersonId, *, at: datetime) -> int:
        """End every session of a person; ``Grants.end_by_person`` ends what they gave."""
        ended = self._until_none(_END_BY_PERSON, {"who": person_id, "at": micros(at)})
        self._farewells.of_sessions(ended, at=at)
        return len(ended)

    def end_all(self, *, at: datetime) -> int:
        """End every session; what they gave is of an epoch that is over."""
        ended = self._until_none(_END_ALL, {"at": micros(at)})
        self._farewells.of_sessions(ended, at=at)
        return len(ended)

    def tell_ended_at(self, at: datetime) -> int:
        """Tell of what a restore ended at ``at``, before it could tell anybody."""
        return len(self._farewells.of_moment(at).messages)

    def _until_none(self, statement: Statement, values: Values) -> list[str]:
        """Give the keys of all that ended.

        A statement that had to wait saw no successor that was written meanwhile: look again.
        """
        ended: list[str] = []
        while rows := self._link.all(statement, values):
            ended += (row[0] for row in rows)
        return ended
