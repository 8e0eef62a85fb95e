"""Deliveries that must happen after a commit; bodies sealed.

A message is held, while somebody delivers it, by the very moment until which it is: that moment
names the holder, so whoever held it too long says nothing about it any more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, insert, literal_column, select, update

from idp.store.ports import StoreUnavailable
from idp.store.sealing import seal, unseal
from idp.store.sql import schema
from idp.store.sql.moments import micros, moment
from idp.store.sql.statement import Statement
from idp.store.upkeep import OutboxMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from idp.store.ports import Vault
    from idp.store.sql.statement import Link, Values

_PURPOSE: Final = "outbox"
_T: Final = schema.outbox
_MOST_AVOIDED: Final = 8
_AVOIDED: Final = tuple(f"not_{place}" for place in range(_MOST_AVOIDED))
_NOBODY: Final = " "
"""No destination: what stands in for the names that are not given."""
_ADD: Final = Statement(
    insert(_T)
    .values(
        reference=bindparam("reference"),
        kind=bindparam("kind"),
        destination=bindparam("destination"),
        body=bindparam("body"),
        attempts=literal_column("0"),
        due_at=bindparam("due_at"),
    )
    .returning(_T.c.id)
)
_DUE: Final = (
    select(
        _T.c.id,
        _T.c.reference,
        _T.c.kind,
        _T.c.destination,
        _T.c.body,
        _T.c.attempts,
        _T.c.due_at,
    )
    .where(_T.c.due_at <= bindparam("at"), _T.c.abandoned_at.is_(None))
    .order_by(_T.c.due_at, _T.c.id)
    .limit(bindparam("most"))
)
_DUE_WITHOUT: Final = Statement(
    _DUE.where(*(_T.c.destination != bindparam(name) for name in _AVOIDED))
)
_DUE_UNNAMED: Final = Statement(_DUE.where(_T.c.destination == literal_column("''")))
_MINE: Final = (_T.c.id == bindparam("which"), _T.c.due_at == bindparam("held"))
_HOLD: Final = Statement(
    update(_T)
    .where(*_MINE, _T.c.abandoned_at.is_(None))
    .values(due_at=bindparam("until"))
    .returning(_T.c.id)
)
_DELIVERED: Final = Statement(delete(_T).where(*_MINE))
_POSTPONE: Final = Statement(
    update(_T)
    .where(*_MINE)
    .values(due_at=bindparam("until"), attempts=_T.c.attempts + literal_column("1"))
)
_ABANDON: Final = Statement(
    update(_T)
    .where(*_MINE)
    .values(abandoned_at=bindparam("at"), attempts=_T.c.attempts + literal_column("1"))
)
_UNTRIED: Final = Statement(
    select(_T.c.id).where(_T.c.id == bindparam("which"), _T.c.attempts == literal_column("0"))
)


class SqlOutbox:
    """``Outbox`` in SQL."""

    __slots__ = ("_entropy", "_link", "_vault")

    def __init__(self, link: Link, vault: Vault, entropy: Callable[[int], bytes]) -> None:
        self._link = link
        self._vault = vault
        self._entropy = entropy

    def add(self, *, kind: str, destination: str, body: bytes, due_at: datetime) -> int:
        """Insert; the body is bound to a reference of its own, known before the row's number."""
        reference = self._entropy(16).hex()
        row = self._link.one(
            _ADD,
            {
                "reference": reference,
                "kind": kind,
                "destination": destination,
                "body": seal(self._vault, _PURPOSE, (reference, kind, destination), body),
                "due_at": micros(due_at),
            },
        )
        if row is None:
            raise StoreUnavailable("the outbox gave no number")
        return int(row[0])

    def due(
        self, *, at: datetime, limit: int, without: Sequence[str] = (), unnamed: bool = False
    ) -> Sequence[OutboxMessage]:
        """Give what should have left by ``at``, the longest waiting first."""
        values: Values = {"at": micros(at), "most": limit}
        if not unnamed:
            values |= dict.fromkeys(_AVOIDED, _NOBODY)
            values |= dict(zip(_AVOIDED, without, strict=False))
        return [
            OutboxMessage(
                id=number,
                kind=kind,
                destination=destination,
                body=unseal(self._vault, _PURPOSE, (reference, kind, destination), body),
                attempts=attempts,
                due_at=moment(due_at),
            )
            for number, reference, kind, destination, body, attempts, due_at in self._link.all(
                _DUE_UNNAMED if unnamed else _DUE_WITHOUT, values
            )
        ]

    def hold(self, message: OutboxMessage, *, until: datetime) -> OutboxMessage | None:
        """Compare and set: of two who read it due, one holds it."""
        row = self._link.one(_HOLD, {**_mine(message), "until": micros(until)})
        return None if row is None else replace(message, due_at=until)

    def delivered(self, message: OutboxMessage) -> None:
        """Forget it."""
        self._link.run(_DELIVERED, _mine(message))

    def postpone(self, message: OutboxMessage, *, until: datetime) -> None:
        """Count an attempt and wait."""
        self._link.run(_POSTPONE, {**_mine(message), "until": micros(until)})

    def abandon(self, message: OutboxMessage, *, at: datetime) -> None:
        """Count an attempt and give up; the row stays until the purge."""
        self._link.run(_ABANDON, {**_mine(message), "at": micros(at)})

    def untried(self, numbers: Sequence[int]) -> bool:
        """Look each one up: they are a handful."""
        return any(self._link.one(_UNTRIED, {"which": number}) for number in numbers)


def _mine(message: OutboxMessage) -> Values:
    return {"which": message.id, "held": micros(message.due_at)}
