"""Revocation (RFC 7009): a client ends a token of its own; anything else changes nothing.

The answer is the same for a token that was ended, that was dead or unknown, and that belongs to
somebody else: only the last is worth a row in the audit trail. A refresh token takes its grant with
it, access tokens included (section 2.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.domain.audit_event import foreign_presented, token_revoked
from idp.errors import INVALID_REQUEST, Refused
from idp.oidc import refresh_tokens
from idp.oidc.deciding import decided
from idp.store.ports import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.domain.client import Client
    from idp.domain.grant import GrantId
    from idp.oidc.access_tokens import AccessTokens
    from idp.oidc.certificates import ClientCertificate
    from idp.oidc.client_auth import ClientAuthentication
    from idp.oidc.form import Parameters
    from idp.oidc.tokens import Opaque
    from idp.store.ports import Ledger, Unit


class Revocation:
    """Answers ``POST /revoke``."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        authentication: ClientAuthentication,
        tokens: AccessTokens,
        now: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._authentication = authentication
        self._tokens = tokens
        self._now = now

    def answer(
        self,
        params: Parameters,
        *,
        authorization: str | None,
        address: str | None,
        certificate: ClientCertificate | None = None,
    ) -> None:
        """Revoke, where there is something of this client to revoke.

        Raises:
            Refused: as ``authenticate`` does; INVALID_REQUEST without a token.
        """
        caller = self._authentication.authenticate(
            params, authorization=authorization, address=address, certificate=certificate
        )
        token = params.get("token")
        if token is None:
            raise Refused(INVALID_REQUEST, "token is missing")
        named = self._tokens.find(token)
        decided(self._ledger, caller, lambda unit: self._revoke(unit, token, named, caller.client))

    def _revoke(self, unit: Unit, text: str, named: Opaque | None, client: Client) -> None:
        try:
            if named is not None:
                self._access(unit, named, client)
            else:
                self._refresh(unit, text, client)
        except StoreUnavailable:
            raise
        except Refused:
            return  # not a token of ours: the client has what it wants (RFC 7009 section 2.2)

    def _access(self, unit: Unit, named: Opaque, client: Client) -> None:
        found = unit.grants.live_token(named.hash)
        if found is None:
            return
        if found.token.client != client.id:
            self._foreign(unit, found.grant.id, client, what="access_token")
        elif found.token.revoked_at is None:
            at = self._now()
            unit.grants.revoke_access_token(named.hash, at=at)
            unit.record(
                token_revoked(grant=found.grant.id, client=client.id, at=at, what="access_token")
            )

    def _refresh(self, unit: Unit, text: str, client: Client) -> None:
        """End the grant; any generation will do, because only this family can have made it."""
        token = refresh_tokens.read(text)
        family = unit.grants.get_family(token.family)
        if family is None:
            return
        token.check(family)
        if family.client != client.id:
            self._foreign(unit, family.grant, client, what="refresh_token")
            return
        at = self._now()
        if unit.grants.end(family.grant, at=at):
            unit.record(
                token_revoked(grant=family.grant, client=client.id, at=at, what="refresh_token")
            )

    def _foreign(self, unit: Unit, grant: GrantId, client: Client, *, what: str) -> None:
        unit.record(foreign_presented(grant=grant, client=client.id, at=self._now(), what=what))
