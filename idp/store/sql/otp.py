"""One-time passwords and freezes: a time step is accepted once, by one statement.

A login name is looked up by a keyed hash: it is short enough to be tried out by whoever has the
database and not the keys. A removed secret is deleted, name and all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, case, delete, func, select, update

from idp.store.encoding import Encoding
from idp.store.sql import phone_tables
from idp.store.sql.moments import micros, moment
from idp.store.sql.phone_rows import Rows
from idp.store.sql.statement import Statement
from mobile_flow.model import OriginRef, OtpSecret, PersonRef

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Table

    from idp.store.sql.statement import Row

_PURPOSE: Final = "otp"
_LOOKUP: Final = "otp-login-name"
_OTP: Final[Encoding[OtpSecret]] = Encoding(OtpSecret)
_T: Final = phone_tables.otp_secrets
_F: Final = phone_tables.freezes
_COLUMNS = (_T.c.person, _T.c.body, _T.c.last_step, _T.c.confirmed_at)
_WHOSE: Final = _T.c.person == bindparam("who")


def _put(new: Callable[[Table], Any]) -> Any:  # noqa: ANN401 - the dialect's own insert
    statement = new(_T)
    changing = ("login_name", "body", "last_step", "created_at", "confirmed_at")
    return statement.on_conflict_do_update(
        index_elements=[_T.c.person],
        set_={name: statement.excluded[name] for name in changing},
    )


def _freeze(new: Callable[[Table], Any]) -> Any:  # noqa: ANN401 - the dialect's own insert
    statement = new(_F)
    later = statement.excluded.until
    return statement.on_conflict_do_update(
        index_elements=[_F.c.person, _F.c.kind],
        set_={"until": case((_F.c.until < later, later), else_=_F.c.until)},
    )


_PUT: Final = Statement(_put)
_GET: Final = Statement(select(*_COLUMNS).where(_WHOSE))
_BY_NAME: Final = Statement(select(*_COLUMNS).where(_T.c.login_name == bindparam("lookup")))
_step: Any = bindparam("step", type_=_T.c.last_step.type)
_ACCEPT: Final = Statement(
    update(_T)
    .where(_WHOSE, _T.c.last_step < _step)
    .values(last_step=_step, confirmed_at=func.coalesce(_T.c.confirmed_at, bindparam("at")))
)
_REMOVE: Final = Statement(delete(_T).where(_WHOSE))
_FREEZE: Final = Statement(_freeze)
_FROZEN: Final = Statement(
    select(_F.c.until).where(_F.c.person == bindparam("who"), _F.c.kind == bindparam("what"))
)


class OtpRows(Rows):
    """The verbs of ``PhoneRows`` about one-time passwords and freezes."""

    __slots__ = ()

    def put_otp(self, otp: OtpSecret) -> bool:
        """Insert or replace the person's, unless somebody else has the name."""
        lookup = self._lookup(otp.login_name)
        taken = self._link.one(_BY_NAME, {"lookup": lookup})
        if taken is not None and taken[0] != otp.person:
            return False
        self._link.run(
            _PUT,
            {
                "person": otp.person,
                "login_name": lookup,
                "body": self._seal(_PURPOSE, (otp.person,), _OTP.encode(otp)),
                "last_step": otp.last_step,
                "created_at": micros(otp.created_at),
                "confirmed_at": micros(otp.confirmed_at),
            },
        )
        return True

    def otp(self, person: PersonRef) -> OtpSecret | None:
        """Read the person's."""
        return self._otp(self._link.one(_GET, {"who": person}))

    def otp_by_name(self, login_name: str) -> OtpSecret | None:
        """Read by the keyed hash of the login name."""
        return self._otp(self._link.one(_BY_NAME, {"lookup": self._lookup(login_name)}))

    def accept_step(self, person: PersonRef, *, step: int, at: datetime) -> bool:
        """Take a step that is later than the last one."""
        return self._link.run(_ACCEPT, {"who": person, "step": step, "at": micros(at)}) == 1

    def remove_otp(self, person: PersonRef, *, at: datetime) -> bool:
        """Delete it; ``False`` if there was none."""
        del at
        return self._link.run(_REMOVE, {"who": person}) == 1

    def freeze(self, person: PersonRef | OriginRef, *, kind: str, until: datetime) -> None:
        """Freeze, or prolong; a freeze is never shortened."""
        self._link.run(_FREEZE, {"person": person, "kind": kind, "until": micros(until)})

    def frozen_until(self, person: PersonRef | OriginRef, *, kind: str) -> datetime | None:
        """Give the end of the latest freeze, which may have passed."""
        row = self._link.one(_FROZEN, {"who": person, "what": kind})
        return None if row is None else moment(row[0])

    def _lookup(self, login_name: str) -> bytes:
        return self._vault.fingerprint(_LOOKUP, login_name.encode())

    def _otp(self, row: Row | None) -> OtpSecret | None:
        if row is None:
            return None
        person, sealed, last_step, confirmed_at = row
        found = _OTP.decode(self._open(_PURPOSE, (person,), sealed))
        return replace(found, last_step=last_step, confirmed_at=moment(confirmed_at))
