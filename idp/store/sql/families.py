"""Refresh families: a generation that one statement advances, a sealed secret.

A family advances only while its grant lives and, unless the grant is offline, its session does:
the same statement looks, so nothing that ended in between is passed by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    bindparam,
    case,
    exists,
    false,
    func,
    insert,
    literal_column,
    or_,
    select,
    true,
    update,
)

from idp.domain.client import ClientId
from idp.domain.grant import FamilyId, GrantId, RefreshFamily
from idp.store.sealing import seal, unseal
from idp.store.sql import schema
from idp.store.sql.moments import micros, moment
from idp.store.sql.statement import Statement

if TYPE_CHECKING:
    from datetime import datetime

    from idp.store.ports import Vault
    from idp.store.sql.statement import Link

_PURPOSE: Final = "families"
_T: Final = schema.families
_G: Final = schema.grants
_S: Final = schema.sessions

_alive = exists().where(
    _G.c.id == _T.c.grant,
    _G.c.ended_at.is_(None),
    or_(
        _G.c.offline == true(),
        exists().where(_S.c.key == _G.c.session, _S.c.ended_at.is_(None)),
    ),
)

_ADD: Final = Statement(insert(_T))
_ended = func.coalesce(_T.c.ended_at, _G.c.ended_at, case((_G.c.offline == false(), _S.c.ended_at)))
_GET: Final = Statement(
    select(*(column for column in _T.c if column is not _T.c.ended_at), _ended)
    .select_from(_T.outerjoin(_G, _G.c.id == _T.c.grant).outerjoin(_S, _S.c.key == _G.c.session))
    .where(_T.c.id == bindparam("which"))
)
_ADVANCE: Final = Statement(
    update(_T)
    .where(
        _T.c.id == bindparam("which"),
        _T.c.generation == bindparam("from_generation"),
        _T.c.ended_at.is_(None),
        _alive,
    )
    .values(
        generation=_T.c.generation + literal_column("1"),
        rotated_at=bindparam("at"),
        idle_expires_at=bindparam("idle"),
    )
)
_TOUCH: Final = Statement(
    update(_T)
    .where(_T.c.id == bindparam("which"), _T.c.ended_at.is_(None))
    .values(idle_expires_at=bindparam("idle"))
)
_END: Final = Statement(
    update(_T)
    .where(_T.c.id == bindparam("which"), _T.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"))
)


class SqlFamilies:
    """The family verbs of ``Grants``."""

    __slots__ = ("_link", "_vault")

    def __init__(self, link: Link, vault: Vault) -> None:
        self._link = link
        self._vault = vault

    def add(self, family: RefreshFamily) -> None:
        """Insert. Raises: Duplicate."""
        identity = (family.id, family.grant, family.client)
        self._link.later(
            _ADD,
            {
                "id": family.id,
                "grant": family.grant,
                "client": family.client,
                "generation": family.generation,
                "secret": seal(self._vault, _PURPOSE, identity, family.secret),
                "rotates": family.rotates,
                "created_at": micros(family.created_at),
                "rotated_at": micros(family.rotated_at),
                "idle_expires_at": micros(family.idle_expires_at),
                "expires_at": micros(family.expires_at),
                "ended_at": micros(family.ended_at),
                "key": family.key,
            },
        )

    def get(self, family_id: FamilyId) -> RefreshFamily | None:
        """Read with the secret opened; it has ended when its grant or session has."""
        row = self._link.one(_GET, {"which": family_id})
        if row is None:
            return None
        which, grant, client, generation, sealed, rotates, *rest = row
        created_at, rotated_at, idle_expires_at, expires_at, key, ended_at = rest
        return RefreshFamily(
            id=FamilyId(which),
            grant=GrantId(grant),
            client=ClientId(client),
            generation=generation,
            secret=unseal(self._vault, _PURPOSE, (which, grant, client), sealed),
            rotates=bool(rotates),
            created_at=moment(created_at),
            rotated_at=moment(rotated_at),
            idle_expires_at=moment(idle_expires_at),
            expires_at=moment(expires_at),
            ended_at=moment(ended_at),
            key=key,
        )

    def advance(
        self,
        family_id: FamilyId,
        *,
        from_generation: int,
        at: datetime,
        idle_expires_at: datetime,
    ) -> bool:
        """Let exactly one caller advance from a generation."""
        values = {
            "which": family_id,
            "from_generation": from_generation,
            "at": micros(at),
            "idle": micros(idle_expires_at),
        }
        return self._link.run(_ADVANCE, values) == 1

    def touch(self, family_id: FamilyId, *, idle_expires_at: datetime) -> None:
        """Note a use of a family that does not rotate."""
        self._link.run(_TOUCH, {"which": family_id, "idle": micros(idle_expires_at)})

    def end(self, family_id: FamilyId, *, at: datetime) -> bool:
        """End it once."""
        return self._link.run(_END, {"which": family_id, "at": micros(at)}) == 1
