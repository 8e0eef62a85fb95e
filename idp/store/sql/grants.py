"""Grants and access tokens; a token is always read with everything that may make it dead.

The claims of a grant stand sealed in its body, bound to the columns that other tables look it up
by: a row whose person, client or session was changed no longer opens.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, insert, select, update

from idp.domain.client import ClientId
from idp.domain.grant import AccessToken, Delegation, Grant, GrantId, LiveToken, Standing, TokenHash
from idp.domain.person import PersonState
from idp.store.encoding import Encoding
from idp.store.sealing import seal, unseal
from idp.store.sql import schema
from idp.store.sql.codes import SqlCodes
from idp.store.sql.ending import end_grants
from idp.store.sql.epochs import EPOCH
from idp.store.sql.families import SqlFamilies
from idp.store.sql.moments import micros, moment
from idp.store.sql.statement import Statement

if TYPE_CHECKING:
    from datetime import datetime

    from idp.domain.client import Client
    from idp.domain.grant import Code, FamilyId, RefreshFamily
    from idp.domain.person import PersonId
    from idp.domain.session import SessionKey
    from idp.store.ports import Presented, Vault
    from idp.store.sql.clients import SqlClients
    from idp.store.sql.statement import Link, Row

_PURPOSE: Final = "grants"
_ENCODING: Final[Encoding[Grant]] = Encoding(Grant)
_DELEGATION: Final[Encoding[Delegation]] = Encoding(Delegation)
_NAMES: Final[Encoding[tuple[str, ...]]] = Encoding(tuple[str, ...])
_G: Final = schema.grants
_T: Final = schema.access_tokens
_GRANT = (_G.c.id, _G.c.person, _G.c.client, _G.c.session, _G.c.offline, _G.c.body, _G.c.ended_at)
_GRANT_WIDTH: Final = len(_GRANT)

_ADD: Final = Statement(insert(_G))
_GET: Final = Statement(select(*_GRANT).where(_G.c.id == bindparam("which")))
_ADD_TOKEN: Final = Statement(insert(_T))
_LIVE: Final = Statement(
    select(
        *_GRANT,
        _T.c.client,
        _T.c.scopes,
        _T.c.audience,
        _T.c.issued_at,
        _T.c.expires_at,
        _T.c.revoked_at,
        _T.c.key,
        _T.c.delegation,
        schema.people.c.state,
        schema.clients.c.version,
        EPOCH,
        schema.sessions.c.key,
        schema.sessions.c.ended_at,
    )
    .select_from(
        _T.join(_G, _G.c.id == _T.c.grant)
        .join(schema.people, schema.people.c.id == _G.c.person)
        .outerjoin(schema.clients, schema.clients.c.id == _T.c.client)
        .outerjoin(schema.sessions, schema.sessions.c.key == _G.c.session)
    )
    .where(_T.c.hash == bindparam("which"))
)
_STANDING: Final = Statement(
    select(
        schema.clients.c.version,
        schema.people.c.state,
        schema.sessions.c.opened_at,
        schema.sessions.c.ended_at,
    )
    .select_from(
        schema.sessions.join(
            schema.people, schema.people.c.id == schema.sessions.c.person
        ).outerjoin(schema.clients, schema.clients.c.id == bindparam("client"))
    )
    .where(schema.sessions.c.key == bindparam("session"), schema.people.c.id == bindparam("person"))
)
_REVOKE: Final = Statement(
    update(_T)
    .where(_T.c.hash == bindparam("which"), _T.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)
_REVOKE_HELD: Final = Statement(
    update(_T)
    .where(_T.c.client == bindparam("which"), _T.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)
_END: Final = end_grants(_G.c.id == bindparam("which"))
_END_BY_CLIENT: Final = end_grants(_G.c.client == bindparam("which"))
_END_BY_PERSON: Final = end_grants(_G.c.person == bindparam("which"))


class SqlGrants:
    """``Grants`` in SQL."""

    __slots__ = ("_clients", "_codes", "_families", "_link", "_vault")

    def __init__(self, link: Link, vault: Vault, clients: SqlClients) -> None:
        self._link = link
        self._clients = clients
        self._vault = vault
        self._codes = SqlCodes(link, vault)
        self._families = SqlFamilies(link, vault)

    def add_code(self, code: Code) -> None:
        """Insert a code with the grant it stands for."""
        self._codes.add(code)

    def spend_code(self, code: TokenHash, *, client: ClientId, at: datetime) -> Presented | None:
        """Spend in one statement."""
        return self._codes.spend(code, client=client, at=at)

    def find_code(self, code: TokenHash) -> Code | None:
        """Read a code without spending it."""
        return self._codes.find(code)

    def add(self, grant: Grant) -> None:
        """Insert. Raises: Duplicate."""
        self._link.later(
            _ADD,
            {
                "id": grant.id,
                "person": grant.person,
                "client": grant.client,
                "session": grant.session,
                "offline": grant.offline,
                "body": seal(self._vault, _PURPOSE, _identity(grant), _ENCODING.encode(grant)),
                "created_at": micros(grant.created_at),
                "ended_at": micros(grant.ended_at),
            },
        )

    def get(self, grant_id: GrantId) -> Grant | None:
        """Read with the claims opened."""
        row = self._link.one(_GET, {"which": grant_id})
        return None if row is None else self._grant(row)

    def standing(
        self, person_id: PersonId, session: SessionKey, client_id: ClientId
    ) -> Standing | None:
        """Read the client's version, the person's state and the session's times."""
        row = self._link.one(
            _STANDING, {"person": person_id, "session": session, "client": client_id}
        )
        if row is None:
            return None
        version, state, opened_at, ended_at = row
        return Standing(
            client=self._client(client_id, version),
            person_state=PersonState(state),
            session_opened_at=moment(opened_at),
            session_ended_at=moment(ended_at),
        )

    def end(self, grant_id: GrantId, *, at: datetime) -> bool:
        """End it once, with everything that hangs off it."""
        return self._end(_END, grant_id, at) == 1

    def end_by_client(self, client_id: ClientId, *, at: datetime) -> int:
        """End every grant of a client, what its unspent codes would have given, and what it holds.

        What it holds of others' grants came by exchange.
        """
        self._codes.forget(client_id)
        self._link.run(_REVOKE_HELD, {"which": client_id, "at": micros(at)})
        return self._end(_END_BY_CLIENT, client_id, at)

    def end_by_person(self, person_id: PersonId, *, at: datetime) -> int:
        """End every grant of a person."""
        return self._end(_END_BY_PERSON, person_id, at)

    def add_access_token(self, token: AccessToken) -> None:
        """Insert. Raises: Duplicate."""
        self._link.later(
            _ADD_TOKEN,
            {
                "hash": token.hash,
                "grant": token.grant,
                "client": token.client,
                "scopes": _NAMES.encode(token.scopes).decode(),
                "audience": _NAMES.encode(token.audience).decode(),
                "issued_at": micros(token.issued_at),
                "expires_at": micros(token.expires_at),
                "revoked_at": micros(token.revoked_at),
                "key": token.key,
                "delegation": None if token.delegation is None else _written(token.delegation),
            },
        )

    def live_token(self, token: TokenHash) -> LiveToken | None:
        """Read joined; a purged session counts as ended."""
        row = self._link.one(_LIVE, {"which": token})
        if row is None:
            return None
        grant = self._grant(row[:_GRANT_WIDTH])
        client, scopes, audience, issued_at, expires_at, revoked_at, key, delegation = row[
            _GRANT_WIDTH:-5
        ]
        state, version, epoch, session, session_ended_at = row[-5:]
        return LiveToken(
            token=AccessToken(
                hash=token,
                grant=grant.id,
                client=ClientId(client),
                scopes=_NAMES.decode(scopes),
                audience=_NAMES.decode(audience),
                issued_at=moment(issued_at),
                expires_at=moment(expires_at),
                revoked_at=moment(revoked_at),
                key=key,
                delegation=None if delegation is None else _DELEGATION.decode(delegation),
            ),
            grant=grant,
            person_state=PersonState(state),
            client=self._client(ClientId(client), version),
            session_ended=not grant.offline and (session is None or session_ended_at is not None),
            epoch=epoch,
        )

    def revoke_access_token(self, token: TokenHash, *, at: datetime) -> None:
        """Revoke one token; the first time counts."""
        self._link.run(_REVOKE, {"which": token, "at": micros(at)})

    def add_family(self, family: RefreshFamily) -> None:
        """Insert a refresh family."""
        self._families.add(family)

    def get_family(self, family_id: FamilyId) -> RefreshFamily | None:
        """Read a refresh family."""
        return self._families.get(family_id)

    def advance_family(
        self,
        family_id: FamilyId,
        *,
        from_generation: int,
        at: datetime,
        idle_expires_at: datetime,
    ) -> bool:
        """Advance by one statement."""
        return self._families.advance(
            family_id, from_generation=from_generation, at=at, idle_expires_at=idle_expires_at
        )

    def touch_family(self, family_id: FamilyId, *, at: datetime, idle_expires_at: datetime) -> None:
        """Prolong a family that does not rotate; its generation keeps its time."""
        del at
        self._families.touch(family_id, idle_expires_at=idle_expires_at)

    def end_family(self, family_id: FamilyId, *, at: datetime) -> bool:
        """End one family."""
        return self._families.end(family_id, at=at)

    def _end(
        self, statements: tuple[Statement, Statement, Statement], which: str, at: datetime
    ) -> int:
        ended = 0
        for statement in statements:
            ended = self._link.run(statement, {"which": which, "at": micros(at)})
        return ended

    def _client(self, client_id: ClientId, version: int | None) -> Client | None:
        return None if version is None else self._clients.at(client_id, version)

    def _grant(self, row: Row) -> Grant:
        key, person, client, session, offline, sealed, ended_at = row
        identity = (key, person, client, session, "offline" if offline else "")
        grant = _ENCODING.decode(unseal(self._vault, _PURPOSE, identity, sealed))
        return grant if ended_at is None else replace(grant, ended_at=moment(ended_at))


def _written(delegation: Delegation) -> str:
    return _DELEGATION.encode(delegation).decode()


def _identity(grant: Grant) -> tuple[str, ...]:
    offline = "offline" if grant.offline else ""
    return (grant.id, grant.person, grant.client, grant.session, offline)
