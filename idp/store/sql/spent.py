"""Marks of single use: the key is kept as a hash, the primary key decides who was first."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, select

from idp.store.ports import AlreadySpent
from idp.store.sql import schema
from idp.store.sql.epochs import EPOCH
from idp.store.sql.moments import micros
from idp.store.sql.statement import Statement

if TYPE_CHECKING:
    from datetime import datetime

    from idp.store.sql.statement import Link

_T: Final = schema.spent
_SPEND: Final = Statement(lambda new: new(_T).on_conflict_do_nothing().returning(EPOCH))
_IS_SPENT: Final = Statement(
    select(_T.c.until).where(_T.c.kind == bindparam("kind"), _T.c.key == bindparam("key"))
)


def spend(link: Link, kind: str, key: str, *, until: datetime) -> int:
    """Insert the mark, or raise ``AlreadySpent``; a mark counts until it is purged.

    What follows a mark is mostly something issued, which carries the epoch: this gives it.
    """
    mark = {"kind": kind, "key": _digest(key), "until": micros(until)}
    row = link.one(_SPEND, mark)
    if row is None:
        raise AlreadySpent(kind)
    return int(row[0])


def is_spent(link: Link, kind: str, key: str) -> bool:
    """Tell whether the mark is there; it decides nothing."""
    return link.one(_IS_SPENT, {"kind": kind, "key": _digest(key)}) is not None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
