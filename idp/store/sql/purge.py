"""What may go: expired codes and tokens, spent marks past their time, and what hung off them.

A grant goes, with the claims in it, when nothing hangs off it any more; a session when it was
opened so long ago that no policy keeps it alive, or ended or succeeded, and no grant names it.
An approval that was decided is somebody's receipt and has a time of its own, with the removed phone
that signed it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, bindparam, delete, exists, or_, select, tuple_

from idp.store.sql import phone_tables, registration_tables, schema
from idp.store.sql.moments import micros
from idp.store.sql.statement import Statement

if TYPE_CHECKING:
    from sqlalchemy import Table

    from idp.store.sql.statement import Link

_LONGEST_SESSION: Final = timedelta(days=31)


def _some(table: Table, *which: ColumnElement[bool]) -> Statement:
    keys: list[Any] = list(table.primary_key.columns)
    chosen = select(*keys).where(*which).limit(bindparam("most"))
    if len(keys) == 1:
        return Statement(delete(table).where(keys[0].in_(chosen)))
    return Statement(delete(table).where(tuple_(*keys).in_(chosen)))


_before: Final[ColumnElement[int]] = bindparam("before")
_G: Final = schema.grants
_S: Final = schema.sessions
_C: Final = schema.session_clients
_A: Final = phone_tables.approvals
_D: Final = phone_tables.devices

_PURGES: Final = (
    _some(schema.codes, schema.codes.c.expires_at < _before),
    _some(schema.access_tokens, schema.access_tokens.c.expires_at < _before),
    _some(schema.spent, schema.spent.c.until < _before),
    _some(schema.families, schema.families.c.expires_at < _before),
    _some(schema.outbox, schema.outbox.c.abandoned_at < _before),
    _some(
        _G,
        _G.c.created_at < _before,
        ~exists().where(schema.access_tokens.c.grant == _G.c.id),
        ~exists().where(schema.families.c.grant == _G.c.id),
    ),
    _some(
        _S,
        or_(
            _S.c.ended_at < _before,
            _S.c.succeeded_at < _before,
            _S.c.opened_at < bindparam("long_before"),
        ),
        ~exists().where(_G.c.session == _S.c.key),
    ),
    _some(_C, ~exists().where(_S.c.key == _C.c.session)),
    _some(schema.backchannel_requests, schema.backchannel_requests.c.expires_at < _before),
    _some(registration_tables.invitations, registration_tables.invitations.c.expires_at < _before),
    _some(phone_tables.enrolments, phone_tables.enrolments.c.expires_at < _before),
    _some(phone_tables.freezes, phone_tables.freezes.c.until < _before),
    _some(phone_tables.known_browsers, phone_tables.known_browsers.c.until < _before),
    _some(phone_tables.tries, phone_tables.tries.c.ends_at < _before),
    _some(_A, _A.c.decided_at.is_(None), _A.c.expires_at < _before),
)
_receipts_before: Final[ColumnElement[int]] = bindparam("receipts_before")
_RECEIPTS: Final = (
    _some(_A, _A.c.decided_at < _receipts_before),
    _some(
        _D,
        _D.c.removed_at < _receipts_before,
        ~exists().where(_A.c.device == _D.c.id),
    ),
)


def purge(
    link: Link, *, before: datetime, limit: int, receipts_before: datetime | None = None
) -> int:
    """Delete at most ``limit`` rows that were over before ``before``; give how many went."""
    values = {"before": micros(before), "long_before": micros(before - _LONGEST_SESSION)}
    statements: tuple[Statement, ...] = _PURGES
    if receipts_before is not None:
        values["receipts_before"] = micros(receipts_before)
        statements = (*_PURGES, *_RECEIPTS)
    gone = 0
    for statement in statements:
        if gone >= limit:
            break
        gone += link.run(statement, {**values, "most": limit - gone})
    return gone
