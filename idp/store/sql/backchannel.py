"""Back-channel requests: known by a hash, decided and redeemed by one statement each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, insert, select, update

from idp.domain.backchannel import BackchannelRequest
from idp.store.encoding import Encoding
from idp.store.sealing import seal, unseal
from idp.store.sql import schema
from idp.store.sql.moments import micros, moment
from idp.store.sql.statement import Statement

if TYPE_CHECKING:
    from datetime import datetime

    from idp.domain.client import ClientId
    from idp.domain.grant import TokenHash
    from idp.store.ports import Vault
    from idp.store.sql.statement import Link, Row

_PURPOSE: Final = "backchannel"
_ENCODING: Final[Encoding[BackchannelRequest]] = Encoding(BackchannelRequest)
_T: Final = schema.backchannel_requests
_COLUMNS = (_T.c.hash, _T.c.client, _T.c.body, _T.c.decision, _T.c.redeemed_at)

_ADD: Final = Statement(insert(_T))
_FIND: Final = Statement(select(*_COLUMNS).where(_T.c.hash == bindparam("which")))
_REDEEM: Final = Statement(
    update(_T)
    .where(
        _T.c.hash == bindparam("which"),
        _T.c.client == bindparam("owner"),
        _T.c.redeemed_at.is_(None),
    )
    .values(redeemed_at=bindparam("at"))
)
_DECIDE: Final = Statement(
    update(_T)
    .where(_T.c.hash == bindparam("which"), _T.c.decision.is_(None), _T.c.redeemed_at.is_(None))
    .values(decision=bindparam("decided"))
)


class SqlBackchannel:
    """``BackchannelRequests`` in SQL."""

    __slots__ = ("_link", "_vault")

    def __init__(self, link: Link, vault: Vault) -> None:
        self._link = link
        self._vault = vault

    def add(self, request: BackchannelRequest) -> None:
        """Insert. Raises: Duplicate."""
        identity = (request.hash, request.client)
        self._link.run(
            _ADD,
            {
                "hash": request.hash,
                "client": request.client,
                "approval": None,  # of former versions, which knew at once who is asked
                "body": seal(self._vault, _PURPOSE, identity, _ENCODING.encode(request)),
                "decision": request.decision,
                "expires_at": micros(request.expires_at),
                "redeemed_at": micros(request.redeemed_at),
            },
        )

    def find(self, request: TokenHash) -> BackchannelRequest | None:
        """Read by the hash of the ``auth_req_id``."""
        return self._request(self._link.one(_FIND, {"which": request}))

    def redeem(self, request: TokenHash, *, client: ClientId, at: datetime) -> bool:
        """Let exactly one caller redeem it."""
        values = {"which": request, "owner": client, "at": micros(at)}
        return self._link.run(_REDEEM, values) == 1

    def decide(self, request: TokenHash, *, decision: str) -> bool:
        """Keep the first decision of the conformance hook."""
        return self._link.run(_DECIDE, {"which": request, "decided": decision}) == 1

    def _request(self, row: Row | None) -> BackchannelRequest | None:
        if row is None:
            return None
        key, client, sealed, decision, redeemed_at = row
        body = unseal(self._vault, _PURPOSE, (key, client), sealed)
        found = _ENCODING.decode(body)
        return replace(found, decision=decision, redeemed_at=moment(redeemed_at))
