"""The pictures of e-services by client and digest: they come and go with the registration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, insert, select

from idp.store.sql.registration_tables import logos
from idp.store.sql.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from idp.domain.client import ClientId
    from idp.store.sql.statement import Link

_T: Final = logos
_HELD: Final = Statement(select(_T.c.digest).where(_T.c.client == bindparam("whose")))
_GET: Final = Statement(
    select(_T.c.body).where(_T.c.digest == bindparam("which")).limit(bindparam("some"))
)
_ADD: Final = Statement(insert(_T))
_GO: Final = Statement(
    delete(_T).where(_T.c.client == bindparam("whose"), _T.c.digest == bindparam("which"))
)


class SqlLogos:
    """``Logos`` in SQL."""

    __slots__ = ("_link",)

    def __init__(self, link: Link) -> None:
        self._link = link

    def keep(self, client_id: ClientId, *, held: Collection[str], new: Mapping[str, bytes]) -> None:
        """Delete what is not held; insert what is not there."""
        there = {row[0] for row in self._link.all(_HELD, {"whose": client_id})}
        for digest in there - set(held):
            self._link.run(_GO, {"whose": client_id, "which": digest})
        for digest in set(held) - there:
            if digest in new:
                values = {"client": client_id, "digest": digest, "body": new[digest]}
                self._link.run(_ADD, values)

    def get(self, digest: str) -> bytes | None:
        """Read one, whosever it is."""
        row = self._link.one(_GET, {"which": digest, "some": 1})
        return None if row is None else bytes(row[0])
