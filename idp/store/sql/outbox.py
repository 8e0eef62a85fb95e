"""Deliveries that must happen after a commit; bodies sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, insert, literal_column, select, update

from idp.store.sealing import seal, unseal
from idp.store.sql import schema
from idp.store.sql.moments import micros, moment
from idp.store.sql.statement import Statement
from idp.store.upkeep import OutboxMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from idp.store.ports import Vault
    from idp.store.sql.statement import Link

_PURPOSE: Final = "outbox"
_T: Final = schema.outbox
_ADD: Final = Statement(
    insert(_T).values(
        reference=bindparam("reference"),
        kind=bindparam("kind"),
        destination=bindparam("destination"),
        body=bindparam("body"),
        attempts=literal_column("0"),
        due_at=bindparam("due_at"),
    )
)
_DUE: Final = Statement(
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
_DELIVERED: Final = Statement(delete(_T).where(_T.c.id == bindparam("which")))
_POSTPONE: Final = Statement(
    update(_T)
    .where(_T.c.id == bindparam("which"))
    .values(due_at=bindparam("until"), attempts=_T.c.attempts + literal_column("1"))
)
_ABANDON: Final = Statement(
    update(_T)
    .where(_T.c.id == bindparam("which"))
    .values(abandoned_at=bindparam("at"), attempts=_T.c.attempts + literal_column("1"))
)


class SqlOutbox:
    """``Outbox`` in SQL."""

    __slots__ = ("_entropy", "_link", "_vault")

    def __init__(self, link: Link, vault: Vault, entropy: Callable[[int], bytes]) -> None:
        self._link = link
        self._vault = vault
        self._entropy = entropy

    def add(self, *, kind: str, destination: str, body: bytes, due_at: datetime) -> None:
        """Insert; the body is bound to a reference of its own, known before the row's number."""
        reference = self._entropy(16).hex()
        self._link.run(
            _ADD,
            {
                "reference": reference,
                "kind": kind,
                "destination": destination,
                "body": seal(self._vault, _PURPOSE, (reference, kind, destination), body),
                "due_at": micros(due_at),
            },
        )

    def due(self, *, at: datetime, limit: int) -> Sequence[OutboxMessage]:
        """Give what should have left by ``at``, the longest waiting first."""
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
                _DUE, {"at": micros(at), "most": limit}
            )
        ]

    def delivered(self, message_id: int) -> None:
        """Forget it."""
        self._link.run(_DELIVERED, {"which": message_id})

    def postpone(self, message_id: int, *, until: datetime) -> None:
        """Count an attempt and wait."""
        self._link.run(_POSTPONE, {"which": message_id, "until": micros(until)})

    def abandon(self, message_id: int, *, at: datetime) -> None:
        """Count an attempt and give up; the row stays until the purge."""
        self._link.run(_ABANDON, {"which": message_id, "at": micros(at)})
