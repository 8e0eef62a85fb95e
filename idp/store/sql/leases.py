"""Who does a housekeeping job now: one row a job, a fencing number that only grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, bindparam, case, literal_column, or_, select

from idp.store.ports import VersionConflict
from idp.store.sql import schema
from idp.store.sql.moments import micros, moment
from idp.store.sql.statement import Statement
from idp.store.upkeep import LeaseHeld

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta
    from typing import Any

    from sqlalchemy import Table

    from idp.store.sql.statement import Link

_T: Final = schema.leases


def _take(new: Callable[[Table], Any]) -> Any:  # noqa: ANN401 - the dialect's own insert
    insert = new(_T).values(
        job=bindparam("job"),
        holder=bindparam("holder"),
        fence=literal_column("1"),
        until=bindparam("until"),
    )
    mine = _T.c.holder == insert.excluded.holder
    over = _T.c.until <= bindparam("at", type_=_T.c.until.type)
    return insert.on_conflict_do_update(
        index_elements=[_T.c.job],
        set_={
            "holder": insert.excluded.holder,
            "until": insert.excluded.until,
            "fence": case((and_(mine, ~over), _T.c.fence), else_=_T.c.fence + literal_column("1")),
        },
        where=or_(mine, over),
    ).returning(_T.c.fence)


_TAKE: Final = Statement(_take)
_CHECK: Final = Statement(
    select(_T.c.fence).where(_T.c.job == bindparam("job")).with_for_update(read=True)
)
_HELD: Final = Statement(select(_T.c.job, _T.c.holder, _T.c.fence, _T.c.until).order_by(_T.c.job))


class SqlLeases:
    """``Leases`` in SQL."""

    __slots__ = ("_link",)

    def __init__(self, link: Link) -> None:
        self._link = link

    def take(self, job: str, *, holder: str, at: datetime, lasts: timedelta) -> int | None:
        """Take a free or expired lease (a new fencing number) or prolong one's own."""
        row = self._link.one(
            _TAKE, {"job": job, "holder": holder, "at": micros(at), "until": micros(at + lasts)}
        )
        return None if row is None else int(row[0])

    def check(self, job: str, *, fence: int) -> None:
        """Demand that ``fence`` is still the latest, and keep it so until the unit ends."""
        row = self._link.one(_CHECK, {"job": job})
        if row is None or row[0] != fence:
            raise VersionConflict(job)

    def held(self) -> Sequence[LeaseHeld]:
        """Give every lease, by job."""
        return [
            LeaseHeld(job=job, holder=holder, fence=fence, until=moment(until))
            for job, holder, fence, until in self._link.all(_HELD, {})
        ]
