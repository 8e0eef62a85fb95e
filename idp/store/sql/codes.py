"""Authorization codes: known by a hash, spent by one statement."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, insert, select, update

from idp.domain.client import ClientId
from idp.domain.grant import Code, TokenHash
from idp.store.encoding import Encoding
from idp.store.ports import Presented
from idp.store.sealing import seal, unseal
from idp.store.sql import schema
from idp.store.sql.epochs import EPOCH
from idp.store.sql.moments import micros, moment
from idp.store.sql.statement import Statement

if TYPE_CHECKING:
    from datetime import datetime

    from idp.store.ports import Vault
    from idp.store.sql.statement import Link

_PURPOSE: Final = "codes"
_ENCODING: Final[Encoding[Code]] = Encoding(Code)
_T: Final = schema.codes
_OF_CLIENT = (_T.c.hash == bindparam("which"), _T.c.client == bindparam("owner"))

_ADD: Final = Statement(insert(_T))
_SPEND: Final = Statement(
    update(_T)
    .where(*_OF_CLIENT, _T.c.spent_at.is_(None))
    .values(spent_at=bindparam("at"))
    .returning(_T.c.body, EPOCH)
)
_SPENT: Final = Statement(select(_T.c.body, EPOCH, _T.c.spent_at).where(*_OF_CLIENT))
_FIND: Final = Statement(
    select(_T.c.client, _T.c.body, _T.c.spent_at).where(_T.c.hash == bindparam("which"))
)
_FORGET: Final = Statement(
    delete(_T).where(_T.c.client == bindparam("owner"), _T.c.spent_at.is_(None))
)


class SqlCodes:
    """The code verbs of ``Grants``."""

    __slots__ = ("_link", "_vault")

    def __init__(self, link: Link, vault: Vault) -> None:
        self._link = link
        self._vault = vault

    def add(self, code: Code) -> None:
        """Insert. Raises: Duplicate."""
        client = code.grant.client
        self._link.later(
            _ADD,
            {
                "hash": code.hash,
                "client": client,
                "body": seal(self._vault, _PURPOSE, (code.hash, client), _ENCODING.encode(code)),
                "expires_at": micros(code.expires_at),
                "spent_at": micros(code.spent_at),
            },
        )

    def spend(self, code: TokenHash, *, client: ClientId, at: datetime) -> Presented | None:
        """Let exactly one caller be first; ``expires_at`` is for the caller to judge."""
        pair = {"which": code, "owner": client}
        row = self._link.one(_SPEND, {**pair, "at": micros(at)})
        if row is not None:
            body, epoch = row
            opened = self._open(code, client, body, at)
            return Presented(outcome="first", code=opened, epoch=epoch)
        row = self._link.one(_SPENT, pair)
        if row is None:
            return None
        body, epoch, spent_at = row
        opened = self._open(code, client, body, moment(spent_at))
        return Presented(outcome="again", code=opened, epoch=epoch)

    def find(self, code: TokenHash) -> Code | None:
        """Read without spending."""
        row = self._link.one(_FIND, {"which": code})
        if row is None:
            return None
        return self._open(code, ClientId(row[0]), row[1], moment(row[2]))

    def forget(self, client: ClientId) -> None:
        """Take out every code of a client that was not spent; spent ones still tell of reuse."""
        self._link.run(_FORGET, {"owner": client})

    def _open(
        self, code: TokenHash, client: ClientId, sealed: bytes, spent_at: datetime | None
    ) -> Code:
        body = unseal(self._vault, _PURPOSE, (code, client), sealed)
        return replace(_ENCODING.decode(body), spent_at=spent_at)
