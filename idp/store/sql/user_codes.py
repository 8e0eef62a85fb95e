"""Codes that citizens chose for requests behind the browser's back: of each only a slow hash.

An e-service names somebody by a subject; one statement joins it with the person and their code, so
that a subject of nobody and a person without a code cost what a person with one costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, delete, select

from idp.domain.person import PersonId, PersonState
from idp.domain.user_code import KeptCode
from idp.store.sql import phone_tables, schema
from idp.store.sql.moments import micros, moment
from idp.store.sql.phone_rows import Rows
from idp.store.sql.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Table

    from idp.domain.person import Sector, SubjectId

_T: Final = phone_tables.user_codes
_P: Final = schema.people
_S: Final = schema.subjects
_COLUMNS: Final = (_T.c.person, _T.c.hashed, _T.c.set_at)


def _put(new: Callable[[Table], Any]) -> Any:  # noqa: ANN401 - the dialect's own insert
    statement = new(_T)
    first = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[_T.c.person], set_={"hashed": first.hashed, "set_at": first.set_at}
    )


_PUT: Final = Statement(_put)
_GET: Final = Statement(select(*_COLUMNS).where(_T.c.person == bindparam("who")))
_REMOVE: Final = Statement(delete(_T).where(_T.c.person == bindparam("who")))
_OF_SUBJECT: Final = Statement(
    select(*_COLUMNS)
    .select_from(_S.join(_P, _P.c.id == _S.c.person).join(_T, _T.c.person == _S.c.person))
    .where(
        and_(
            _S.c.subject == bindparam("known"),
            _S.c.sector == bindparam("place"),
            _P.c.state == bindparam("may"),
        )
    )
)


class UserCodeRows(Rows):
    """The verbs of ``Phones`` about user codes."""

    __slots__ = ()

    def put_user_code(self, person: PersonId, *, hashed: str, at: datetime) -> None:
        """Insert or replace."""
        self._link.run(_PUT, {"person": person, "hashed": hashed, "set_at": micros(at)})

    def user_code(self, person: PersonId) -> KeptCode | None:
        """Read the person's."""
        return _kept(self._link.one(_GET, {"who": person}))

    def user_code_of(self, subject: SubjectId, *, sector: Sector) -> KeptCode | None:
        """Read that of the active person whom a sector knows so."""
        values = {"known": subject, "place": sector, "may": PersonState.ACTIVE.value}
        return _kept(self._link.one(_OF_SUBJECT, values))

    def remove_user_code(self, person: PersonId) -> bool:
        """Delete; ``False`` if there was none."""
        return self._link.run(_REMOVE, {"who": person}) == 1


def _kept(row: tuple[Any, ...] | None) -> KeptCode | None:
    if row is None:
        return None
    person, hashed, set_at = row
    return KeptCode(person=PersonId(person), hashed=hashed, set_at=moment(set_at))
