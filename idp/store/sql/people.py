"""People and their subjects: attributes sealed, the national number only as a keyed hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, func, select, update

from idp.domain.person import Attributes, Person, PersonId, PersonState, Sector, SubjectId
from idp.store.encoding import Encoding
from idp.store.ports import Duplicate
from idp.store.sealing import seal, unseal
from idp.store.sql import schema
from idp.store.sql.moments import micros, moment
from idp.store.sql.statement import Row, Statement

if TYPE_CHECKING:
    from datetime import datetime

    from idp.store.ports import Vault
    from idp.store.sql.statement import Link

_PURPOSE: Final = "people"
_LOOKUP: Final = "number_lookup"
_ENCODING: Final[Encoding[Attributes]] = Encoding(Attributes)
_T: Final = schema.people
_S: Final = schema.subjects
_PERSON = (_T.c.id, _T.c.state, _T.c.attributes, _T.c.created_at, _T.c.updated_at)

_GET: Final = Statement(select(*_PERSON).where(_T.c.id == bindparam("id")))
_BY_NUMBER: Final = Statement(select(*_PERSON).where(_T.c.number_lookup == bindparam("lookup")))
_BY_NAME: Final = Statement(select(*_PERSON).where(_T.c.username == bindparam("username")))
_ADD: Final = Statement(lambda new: new(_T).on_conflict_do_nothing().returning(_T.c.id))
_RENEW: Final = Statement(
    update(_T)
    .where(_T.c.id == bindparam("which"))
    .values(
        attributes=bindparam("sealed"),
        number_lookup=func.coalesce(
            bindparam("lookup", type_=_T.c.number_lookup.type), _T.c.number_lookup
        ),
        updated_at=bindparam("at"),
    )
)
_SET_STATE: Final = Statement(
    update(_T)
    .where(_T.c.id == bindparam("which"))
    .values(state=bindparam("new"), updated_at=bindparam("at"))
)
_SUBJECT: Final = Statement(
    select(_S.c.subject).where(
        _S.c.person == bindparam("person"), _S.c.sector == bindparam("sector")
    )
)
_BY_SUBJECT: Final = Statement(
    select(*_PERSON)
    .select_from(_T.join(_S, _S.c.person == _T.c.id))
    .where(_S.c.subject == bindparam("known"), _S.c.sector == bindparam("place"))
)
_ADD_SUBJECT: Final = Statement(
    lambda new: new(_S).on_conflict_do_nothing().returning(_S.c.subject)
)


class SqlPeople:
    """``People`` in SQL."""

    __slots__ = ("_link", "_vault")

    def __init__(self, link: Link, vault: Vault) -> None:
        self._link = link
        self._vault = vault

    def get(self, person_id: PersonId) -> Person | None:
        """Read by identifier."""
        return self._person(self._link.one(_GET, {"id": person_id}))

    def find_by_number(self, national_number: str) -> Person | None:
        """Read by the keyed hash of the number."""
        return self._person(self._link.one(_BY_NUMBER, {"lookup": self._hash(national_number)}))

    def find_by_username(self, username: str) -> Person | None:
        """Read a seeded person."""
        return self._person(self._link.one(_BY_NAME, {"username": username}))

    def add(self, person: Person, *, username: str | None = None) -> None:
        """Insert."""
        row = self._link.one(
            _ADD,
            {
                "id": person.id,
                "state": person.state.value,
                "number_lookup": self._hash(person.attributes.national_number),
                "username": username,
                "attributes": self._seal(person.id, person.attributes),
                "created_at": micros(person.created_at),
                "updated_at": micros(person.updated_at),
            },
        )
        if row is None:
            raise Duplicate("person")

    def renew(self, person_id: PersonId, attributes: Attributes, *, at: datetime) -> None:
        """Replace the attributes; a new number takes the place of the old one."""
        self._link.run(
            _RENEW,
            {
                "which": person_id,
                "sealed": self._seal(person_id, attributes),
                "lookup": self._hash(attributes.national_number),
                "at": micros(at),
            },
        )

    def set_state(self, person_id: PersonId, state: PersonState, *, at: datetime) -> None:
        """Change the state."""
        self._link.run(_SET_STATE, {"which": person_id, "new": state.value, "at": micros(at)})

    def find_by_subject(self, subject: SubjectId, *, sector: Sector) -> Person | None:
        """Read joined with the sector's subject."""
        return self._person(self._link.one(_BY_SUBJECT, {"known": subject, "place": sector}))

    def subject(self, person_id: PersonId, sector: Sector, *, candidate: SubjectId) -> SubjectId:
        """Read the subject; where there is none the first to insert gives it."""
        pair = {"person": person_id, "sector": sector}
        row = (
            self._link.one(_SUBJECT, pair)
            or self._link.one(_ADD_SUBJECT, {**pair, "subject": candidate})
            or self._link.one(_SUBJECT, pair)
        )
        if row is None:
            raise Duplicate("subject")
        return SubjectId(row[0])

    def _hash(self, number: str | None) -> bytes | None:
        return None if number is None else self._vault.fingerprint(_LOOKUP, number.encode())

    def _seal(self, person_id: PersonId, attributes: Attributes) -> bytes:
        return seal(self._vault, _PURPOSE, (person_id,), _ENCODING.encode(attributes))

    def _person(self, row: Row | None) -> Person | None:
        if row is None:
            return None
        key, state, sealed, created_at, updated_at = row
        return Person(
            id=PersonId(key),
            state=PersonState(state),
            attributes=_ENCODING.decode(unseal(self._vault, _PURPOSE, (key,), sealed)),
            created_at=moment(created_at),
            updated_at=moment(updated_at),
        )
