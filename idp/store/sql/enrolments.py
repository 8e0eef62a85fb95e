"""Enrolments: one that goes on a person, moved by compare-and-set.

The state stands in a column too, because a new enrolment cancels the others in one statement. The
column can only end an enrolment: one that says otherwise than the sealed body is not believed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, or_, select, update

from idp.store.encoding import Encoding
from idp.store.ports import Duplicate, Tampered
from idp.store.sql import phone_tables
from idp.store.sql.moments import micros
from idp.store.sql.phone_rows import Rows
from idp.store.sql.statement import Statement
from mobile_flow.model import Enrolment, EnrolmentId, EnrolmentState

if TYPE_CHECKING:
    from idp.store.sql.statement import Row

_PURPOSE: Final = "enrolments"
_ENROLMENT: Final[Encoding[Enrolment]] = Encoding(Enrolment)
_T: Final = phone_tables.enrolments
_COLUMNS = (_T.c.id, _T.c.version, _T.c.person, _T.c.code, _T.c.state, _T.c.body)
_GOING_ON: Final = {
    "open": EnrolmentState.OPEN.value,
    "claimed": EnrolmentState.CLAIMED.value,
    "confirmed": EnrolmentState.CONFIRMED.value,
}

_CANCEL: Final = Statement(
    update(_T)
    .where(
        _T.c.person == bindparam("who"),
        or_(*(_T.c.state == bindparam(name) for name in _GOING_ON)),
    )
    .values(state=bindparam("over"), version=_T.c.version + bindparam("step"))
)
_ADD: Final = Statement(lambda new: new(_T).on_conflict_do_nothing().returning(_T.c.id))
_GET: Final = Statement(select(*_COLUMNS).where(_T.c.id == bindparam("which")))
_BY_CODE: Final = Statement(select(*_COLUMNS).where(_T.c.code == bindparam("which")))
_MOVE: Final = Statement(
    update(_T)
    .where(_T.c.id == bindparam("which"), _T.c.version == bindparam("expected"))
    .values(
        version=bindparam("new"),
        state=bindparam("stands"),
        body=bindparam("sealed"),
        expires_at=bindparam("until"),
    )
)


class EnrolmentRows(Rows):
    """The verbs of ``PhoneRows`` about enrolments."""

    __slots__ = ()

    def add_enrolment(self, enrolment: Enrolment) -> None:
        """Cancel what goes on of this person, and insert. Raises: Duplicate for a known code."""
        over = EnrolmentState.CANCELLED.value
        self._link.run(_CANCEL, {"who": enrolment.person, "over": over, "step": 1, **_GOING_ON})
        row = self._link.one(
            _ADD,
            {
                "id": enrolment.id,
                "version": enrolment.version,
                "person": enrolment.person,
                "code": enrolment.code,
                "state": enrolment.state.value,
                "body": self._enrolment_body(enrolment),
                "expires_at": micros(enrolment.expires_at),
            },
        )
        if row is None:
            raise Duplicate("enrolment")

    def enrolment(self, enrolment_id: EnrolmentId) -> Enrolment | None:
        """Read by identifier."""
        return self._enrolment(self._link.one(_GET, {"which": enrolment_id}))

    def enrolment_by_code(self, code: str) -> Enrolment | None:
        """Read by the hash of the code."""
        return self._enrolment(self._link.one(_BY_CODE, {"which": code}))

    def move_enrolment(self, moved: Enrolment, *, version: int) -> bool:
        """Replace in one statement."""
        return (
            self._link.run(
                _MOVE,
                {
                    "which": moved.id,
                    "expected": version,
                    "new": moved.version,
                    "stands": moved.state.value,
                    "sealed": self._enrolment_body(moved),
                    "until": micros(moved.expires_at),
                },
            )
            == 1
        )

    def _enrolment_body(self, enrolment: Enrolment) -> bytes:
        identity = (enrolment.id, enrolment.person, enrolment.code)
        return self._seal(_PURPOSE, identity, _ENROLMENT.encode(enrolment))

    def _enrolment(self, row: Row | None) -> Enrolment | None:
        if row is None:
            return None
        key, version, person, code, state, sealed = row
        found = _ENROLMENT.decode(self._open(_PURPOSE, (key, person, code), sealed))
        if state == found.state.value and version == found.version:
            return found
        if state != EnrolmentState.CANCELLED.value:
            raise Tampered("an enrolment whose state is not the sealed one")
        return replace(found, state=EnrolmentState.CANCELLED, version=version)
