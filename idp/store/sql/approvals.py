"""Approvals: a row from the claim on, moved by compare-and-set, kept as the receipt's source.

The columns are for finding and counting. What was shown, decided and signed stands in the sealed
body, and a row whose columns say otherwise is not believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import BigInteger, and_, bindparam, cast, func, or_, select, update

from idp.store.encoding import Encoding
from idp.store.ports import Tampered
from idp.store.sql import phone_tables
from idp.store.sql.moments import micros
from idp.store.sql.phone_rows import Rows
from idp.store.sql.statement import Statement
from mobile_flow.model import Approval, ApprovalId, ApprovalState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from idp.store.sql.statement import Row
    from mobile_flow.model import PersonRef

_PURPOSE: Final = "approvals"
_APPROVAL: Final[Encoding[Approval]] = Encoding(Approval)
_T: Final = phone_tables.approvals
_COLUMNS = (_T.c.id, _T.c.version, _T.c.person, _T.c.login, _T.c.state, _T.c.body)
_ASKING: Final = {
    "pending": ApprovalState.PENDING.value,
    "claimed": ApprovalState.CLAIMED.value,
    "matched": ApprovalState.MATCHED.value,
}
_NEWEST: Final = (_T.c.opened_at.desc(), _T.c.id)
_WHOSE: Final = _T.c.person == bindparam("who")

_ADD: Final = Statement(lambda new: new(_T).on_conflict_do_nothing().returning(_T.c.id))
_GET: Final = Statement(select(*_COLUMNS).where(_T.c.id == bindparam("which")))
_OF_LOGIN: Final = Statement(
    select(*_COLUMNS)
    .where(_T.c.login == bindparam("which"))
    .order_by(*_NEWEST)
    .limit(bindparam("most"))
)
_MOVE: Final = Statement(
    update(_T)
    .where(_T.c.id == bindparam("which"), _T.c.version == bindparam("expected"))
    .values(
        version=bindparam("new"),
        device=bindparam("phone"),
        state=bindparam("stands"),
        body=bindparam("sealed"),
        decided_at=bindparam("decided"),
        expires_at=bindparam("until"),
    )
)
_LIVE: Final = Statement(
    select(*_COLUMNS)
    .where(
        _WHOSE,
        _T.c.expires_at > bindparam("at"),
        or_(*(_T.c.state == bindparam(name) for name in _ASKING)),
    )
    .order_by(*_NEWEST)
)
_PAST: Final = Statement(
    select(*_COLUMNS)
    .where(
        _WHOSE,
        or_(
            _T.c.expires_at <= bindparam("at"),
            and_(*(_T.c.state != bindparam(name) for name in _ASKING)),
        ),
    )
    .order_by(*_NEWEST)
    .limit(bindparam("most"))
)
_COUNT: Final = Statement(
    select(_T.c.state, func.count())
    .where(_WHOSE, func.coalesce(_T.c.decided_at, _T.c.opened_at) >= bindparam("since"))
    .group_by(_T.c.state)
)
_AT_ONCE: Final = 128
_NOBODY: Final = ""
_MARKS: Final = Statement(
    select(_T.c.login, cast(func.sum(_T.c.version), BigInteger))
    .where(_T.c.login.in_([bindparam(f"login{place}") for place in range(_AT_ONCE)]))
    .group_by(_T.c.login)
)


class ApprovalRows(Rows):
    """The verbs of ``PhoneRows`` about approvals."""

    __slots__ = ()

    def add_approval(self, approval: Approval) -> bool:
        """Insert; the primary key says who was first."""
        row = self._link.one(
            _ADD,
            {
                "id": approval.id,
                "version": approval.version,
                "person": approval.person,
                "device": approval.device,
                "login": approval.transaction,
                "state": approval.state.value,
                "body": self._approval_body(approval),
                "opened_at": micros(approval.opened_at),
                "decided_at": micros(approval.decided_at),
                "expires_at": micros(approval.expires_at),
            },
        )
        return row is not None

    def approval(self, approval_id: ApprovalId) -> Approval | None:
        """Read by identifier."""
        row = self._link.one(_GET, {"which": approval_id})
        return None if row is None else self._approval(row)

    def approval_of(self, transaction: str) -> Approval | None:
        """Read the newest of a login."""
        row = self._link.one(_OF_LOGIN, {"which": transaction, "most": 1})
        return None if row is None else self._approval(row)

    def move_approval(self, moved: Approval, *, version: int) -> bool:
        """Replace in one statement; neither person nor login ever change."""
        return (
            self._link.run(
                _MOVE,
                {
                    "which": moved.id,
                    "expected": version,
                    "new": moved.version,
                    "phone": moved.device,
                    "stands": moved.state.value,
                    "sealed": self._approval_body(moved),
                    "decided": micros(moved.decided_at),
                    "until": micros(moved.expires_at),
                },
            )
            == 1
        )

    def live_approvals(self, person: PersonRef, *, at: datetime) -> Sequence[Approval]:
        """Read what is being asked now."""
        rows = self._link.all(_LIVE, {"who": person, "at": micros(at), **_ASKING})
        return [self._approval(row) for row in rows]

    def past_approvals(self, person: PersonRef, *, at: datetime, limit: int) -> Sequence[Approval]:
        """Read what is asked no more."""
        rows = self._link.all(_PAST, {"who": person, "at": micros(at), "most": limit, **_ASKING})
        return [self._approval(row) for row in rows]

    def count_approvals(self, person: PersonRef, *, since: datetime, states: Sequence[str]) -> int:
        """Count by state in one statement."""
        rows = self._link.all(_COUNT, {"who": person, "since": micros(since)})
        return sum(count for state, count in rows if state in states)

    def approval_marks(self, transactions: Sequence[str]) -> Sequence[int]:
        """Add up the versions of each login's approvals, many logins in one statement."""
        marks: dict[str, int] = {}
        for start in range(0, len(transactions), _AT_ONCE):
            some = transactions[start : start + _AT_ONCE]
            padded = (*some, *(_NOBODY for _ in range(_AT_ONCE - len(some))))
            rows = self._link.all(
                _MARKS, {f"login{place}": login for place, login in enumerate(padded)}
            )
            marks.update((login, int(mark)) for login, mark in rows)
        return [marks.get(login, 0) for login in transactions]

    def _approval_body(self, approval: Approval) -> bytes:
        identity = (approval.id, approval.person, approval.transaction)
        return self._seal(_PURPOSE, identity, _APPROVAL.encode(approval))

    def _approval(self, row: Row) -> Approval:
        key, version, person, login, state, sealed = row
        found = _APPROVAL.decode(self._open(_PURPOSE, (key, person, login), sealed))
        if (state, version) != (found.state.value, found.version):
            raise Tampered("an approval whose state is not the sealed one")
        return found
