"""The epoch: a number in every issued artefact, raised after a restore or a promotion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import literal_column, select, update

from idp.store.ports import StoreUnavailable
from idp.store.sql import schema
from idp.store.sql.statement import Statement

if TYPE_CHECKING:
    from idp.store.sql.statement import Link

_T: Final = schema.epochs
EPOCH: Final = select(_T.c.epoch).scalar_subquery()
"""The epoch beside whatever else a statement reads."""
_READ: Final = Statement(select(_T.c.epoch))
_BUMP: Final = Statement(
    update(_T).values(epoch=_T.c.epoch + literal_column("1")).returning(_T.c.epoch)
)


def read_epoch(link: Link) -> int:
    """Give the epoch."""
    return _number(link, _READ)


def bump_epoch(link: Link) -> int:
    """Raise the epoch and give the new one."""
    return _number(link, _BUMP)


def _number(link: Link, statement: Statement) -> int:
    row = link.one(statement, {})
    if row is None:
        raise StoreUnavailable("the ledger has no epoch")
    return int(row[0])
