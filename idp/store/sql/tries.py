"""Tries that are counted durably: lockouts that no loss of memory ends and no return brings back.

One statement spends a try, so that sixteen at once never get one more than there are. What is
counted for is kept as a keyed hash, because login names are short enough to be tried out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, case, or_, update

from idp.store.sql import phone_tables
from idp.store.sql.moments import micros
from idp.store.sql.phone_rows import Rows
from idp.store.sql.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from sqlalchemy import Table

_LOOKUP: Final = "phone-tries"
_T: Final = phone_tables.tries
_at: Any = bindparam("at", type_=_T.c.ends_at.type)
_most: Any = bindparam("most", type_=_T.c.tries.type)
_one: Any = bindparam("one", type_=_T.c.tries.type)


def _spend(new: Callable[[Table], Any]) -> Any:  # noqa: ANN401 - the dialect's own insert
    statement = new(_T)
    first, over = statement.excluded, _T.c.ends_at <= _at
    return statement.on_conflict_do_update(
        index_elements=[_T.c.kind, _T.c.who],
        set_={
            "tries": case((over, first.tries), else_=_T.c.tries + first.tries),
            "ends_at": case((over, first.ends_at), else_=_T.c.ends_at),
        },
        where=or_(over, _T.c.tries < _most),
    ).returning(_T.c.tries)


_SPEND: Final = Statement(_spend)
_RETURN: Final = Statement(
    update(_T)
    .where(
        _T.c.kind == bindparam("what"),
        _T.c.who == bindparam("whose"),
        _T.c.ends_at > _at,
        _T.c.tries >= _one,
    )
    .values(tries=_T.c.tries - _one)
)


class TryRows(Rows):
    """The verbs of ``PhoneRows`` about tries."""

    __slots__ = ()

    def spend_try(self, kind: str, who: str, *, most: int, at: datetime, lasts: timedelta) -> bool:
        """Spend one in one statement; where none is left nothing is written."""
        row = self._link.one(
            _SPEND,
            {
                "kind": kind,
                "who": self._whose(kind, who),
                "tries": 1,
                "ends_at": micros(at + lasts),
                "at": micros(at),
                "most": most,
            },
        )
        return row is not None

    def return_try(self, kind: str, who: str, *, at: datetime) -> None:
        """Give one back, of those that still count."""
        values = {"what": kind, "whose": self._whose(kind, who), "at": micros(at), "one": 1}
        self._link.run(_RETURN, values)

    def _whose(self, kind: str, who: str) -> bytes:
        text = f"{kind}\x00{who}".encode("utf-8", "surrogatepass")
        return self._vault.fingerprint(_LOOKUP, text)
