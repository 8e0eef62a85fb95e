"""Clients that registered themselves: each takes one of so many places, by one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, bindparam, delete, insert, literal_column, select, update

from idp.domain.client import ClientId
from idp.domain.invitation import Invitation
from idp.store.sql.moments import micros, moment
from idp.store.sql.registration_tables import invitations, own_clients, places
from idp.store.sql.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from idp.store.sql.statement import Link, Row

_I: Final = invitations
_P: Final = places
_O: Final = own_clients
_ONE: Final[ColumnElement[int]] = literal_column("1")

_INVITE: Final = Statement(insert(_I))
_ACCEPT: Final = Statement(
    update(_I)
    .where(
        _I.c.digest == bindparam("which"), _I.c.used < _I.c.most, _I.c.expires_at > bindparam("at")
    )
    .values(used=_I.c.used + _ONE)
    .returning(*_I.c)
)
_FIND: Final = Statement(select(_I).where(_I.c.digest == bindparam("which")))
_INVITATIONS: Final = Statement(select(_I).order_by(_I.c.created_at.desc(), _I.c.digest))
_WITHDRAW: Final = Statement(delete(_I).where(_I.c.digest == bindparam("which")))
_TAKE: Final = Statement(
    update(_P).where(_P.c.taken < bindparam("bound")).values(taken=_P.c.taken + _ONE)
)
_FREE: Final = Statement(update(_P).values(taken=_P.c.taken - _ONE))
_COME: Final = Statement(insert(_O))
_PROLONG: Final = Statement(
    update(_O).where(_O.c.client == bindparam("which")).values(until=bindparam("ends"))
)
_GO: Final = Statement(delete(_O).where(_O.c.client == bindparam("which")))
_OVERDUE: Final = Statement(
    select(_O.c.client)
    .where(_O.c.until < bindparam("before"))
    .order_by(_O.c.until, _O.c.client)
    .limit(bindparam("some"))
)


class SqlRegistrations:
    """``Registrations`` in SQL."""

    __slots__ = ("_link",)

    def __init__(self, link: Link) -> None:
        self._link = link

    def invite(self, invitation: Invitation) -> None:
        """Insert. Raises: Duplicate."""
        self._link.run(
            _INVITE,
            {
                "digest": invitation.digest,
                "most": invitation.most,
                "used": invitation.used,
                "created_at": micros(invitation.created_at),
                "expires_at": micros(invitation.expires_at),
                "by": invitation.by,
                "note": invitation.note,
            },
        )

    def accept(self, digest: str, *, at: datetime) -> Invitation | None:
        """Count one use of it, if one is left."""
        row = self._link.one(_ACCEPT, {"which": digest, "at": micros(at)})
        return None if row is None else _invitation(row)

    def find(self, digest: str) -> Invitation | None:
        """Read one."""
        row = self._link.one(_FIND, {"which": digest})
        return None if row is None else _invitation(row)

    def invitations(self) -> Sequence[Invitation]:
        """Give every one, the newest first."""
        return [_invitation(row) for row in self._link.all(_INVITATIONS, {})]

    def withdraw(self, digest: str) -> bool:
        """Delete it."""
        return self._link.run(_WITHDRAW, {"which": digest}) == 1

    def take_place(self, client_id: ClientId, *, until: datetime, most: int) -> bool:
        """Count one more, if the bound is not reached."""
        if self._link.run(_TAKE, {"bound": most}) != 1:
            return False
        self._link.run(_COME, {"client": client_id, "until": micros(until)})
        return True

    def prolong(self, client_id: ClientId, *, until: datetime) -> None:
        """Update its end."""
        self._link.run(_PROLONG, {"which": client_id, "ends": micros(until)})

    def leave(self, client_id: ClientId) -> None:
        """Count one less, if it was counted."""
        if self._link.run(_GO, {"which": client_id}):
            self._link.run(_FREE, {})

    def overdue(self, *, before: datetime, limit: int) -> Sequence[ClientId]:
        """Give those that are over."""
        values = {"before": micros(before), "some": limit}
        return [ClientId(row[0]) for row in self._link.all(_OVERDUE, values)]


def _invitation(row: Row) -> Invitation:
    digest, most, used, created_at, expires_at, by, note = row
    return Invitation(
        digest=digest,
        most=most,
        used=used,
        created_at=moment(created_at),
        expires_at=moment(expires_at),
        by=by,
        note=note,
    )
