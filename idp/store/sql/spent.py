"""Marks of single use: the key is kept as a hash, the primary key decides who was first."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from idp.store.ports import AlreadySpent
from idp.store.sql import schema
from idp.store.sql.moments import micros
from idp.store.sql.statement import Statement

if TYPE_CHECKING:
    from datetime import datetime

    from idp.store.sql.statement import Link

_T: Final = schema.spent
_SPEND: Final = Statement(lambda new: new(_T).on_conflict_do_nothing().returning(_T.c.until))


def spend(link: Link, kind: str, key: str, *, until: datetime) -> None:
    """Insert the mark, or raise ``AlreadySpent``; a mark counts until it is purged."""
    digest = hashlib.sha256(key.encode()).digest()
    if link.one(_SPEND, {"kind": kind, "key": digest, "until": micros(until)}) is None:
        raise AlreadySpent(kind)
