"""Where the question of a login stands, by its column alone: for whoever asks often and waits.

Nothing is opened, so that waiting for a person costs the same as waiting for nobody. Nothing is
decided by it either: whoever goes on reads the sealed body.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, select

from idp.store.sql import phone_tables
from idp.store.sql.phone_rows import Rows
from idp.store.sql.statement import Statement
from mobile_flow.model import ApprovalState

_T: Final = phone_tables.approvals
_STATE: Final = Statement(
    select(_T.c.state)
    .where(_T.c.login == bindparam("which"))
    .order_by(_T.c.opened_at.desc(), _T.c.id)
    .limit(bindparam("most"))
)


class ApprovalStateRows(Rows):
    """The verb of ``Phones`` about it."""

    __slots__ = ()

    def approval_state(self, login: str) -> ApprovalState | None:
        """Read the newest one's column."""
        row = self._link.one(_STATE, {"which": login, "most": 1})
        return None if row is None else ApprovalState(row[0])
