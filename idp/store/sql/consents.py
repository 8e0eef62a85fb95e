"""Remembered agreements, one row a person and client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, select, update

from idp.domain.consent import Consent
from idp.store.encoding import Encoding
from idp.store.sql import schema
from idp.store.sql.moments import micros, moment
from idp.store.sql.statement import Statement

if TYPE_CHECKING:
    from datetime import datetime

    from idp.domain.client import ClientId
    from idp.domain.person import PersonId
    from idp.store.sql.statement import Link

_NAMES: Final[Encoding[tuple[str, ...]]] = Encoding(tuple[str, ...])
_T: Final = schema.consents
_OF_PAIR = (_T.c.person == bindparam("who"), _T.c.client == bindparam("where"))

_GET: Final = Statement(select(_T.c.claims, _T.c.agreed_at, _T.c.withdrawn_at).where(*_OF_PAIR))
_PUT: Final = Statement(
    lambda new: (insert := new(_T)).on_conflict_do_update(
        index_elements=[_T.c.person, _T.c.client],
        set_={
            "claims": insert.excluded.claims,
            "agreed_at": insert.excluded.agreed_at,
            "withdrawn_at": insert.excluded.withdrawn_at,
        },
    )
)
_WITHDRAW: Final = Statement(
    update(_T).where(*_OF_PAIR, _T.c.withdrawn_at.is_(None)).values(withdrawn_at=bindparam("at"))
)


class SqlConsents:
    """``Consents`` in SQL."""

    __slots__ = ("_link",)

    def __init__(self, link: Link) -> None:
        self._link = link

    def get(self, person_id: PersonId, client_id: ClientId) -> Consent | None:
        """Read the agreement, withdrawn ones too."""
        row = self._link.one(_GET, {"who": person_id, "where": client_id})
        if row is None:
            return None
        return Consent(
            person=person_id,
            client=client_id,
            claims=_NAMES.decode(row[0]),
            agreed_at=moment(row[1]),
            withdrawn_at=moment(row[2]),
        )

    def put(self, consent: Consent) -> None:
        """Insert or replace."""
        self._link.later(
            _PUT,
            {
                "person": consent.person,
                "client": consent.client,
                "claims": _NAMES.encode(consent.claims).decode(),
                "agreed_at": micros(consent.agreed_at),
                "withdrawn_at": micros(consent.withdrawn_at),
            },
        )

    def withdraw(self, person_id: PersonId, client_id: ClientId, *, at: datetime) -> None:
        """Note the withdrawal; the first one counts."""
        self._link.run(_WITHDRAW, {"who": person_id, "where": client_id, "at": micros(at)})
