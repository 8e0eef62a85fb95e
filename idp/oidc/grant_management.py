"""Grant management (FAPI, draft): a client asks what a grant of its gives, and ends it.

The token that it does so with is of a login by the same person at the same client, and has the
scope for it. Any other grant is as if it were not there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from idp.domain.audit_event import grant_ended
from idp.domain.grant import GrantId
from idp.domain.verified_claims import in_force
from idp.errors import INSUFFICIENT_SCOPE, NOT_FOUND, Refused
from idp.oidc import paths

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.config import Settings
    from idp.domain.client import Client
    from idp.domain.grant import Grant, LiveToken
    from idp.oidc.resource import OwnResource, Presented
    from idp.store.ports import Ledger, Unit

QUERY: Final = "grant_management_query"
REVOKE: Final = "grant_management_revoke"
ACTIONS: Final = ("query", "revoke")
"""What works here, and so what is advertised."""
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class GrantManagement:
    """Answers ``GET`` and ``DELETE /grants/<id>``."""

    def __init__(
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        resource: OwnResource,
        now: Callable[[], datetime],
    ) -> None:
        self._issuer = settings.issuer
        self._ledger = ledger
        self._resource = resource
        self._now = now

    def query(self, grant_id: str, presented: Presented) -> dict[str, object]:
        """Give what a grant gives: scopes with their resources, and the names of claims.

        Raises:
            Refused: NOT_FOUND; as ``OwnResource.open`` does.
        """
        found, client = self._opened(presented, QUERY)
        with self._ledger.read() as unit:
            grant = _of(unit, grant_id, found, client)
        claims = in_force(
            {**grant.id_token_claims, **grant.userinfo_claims},
            client,
            now=self._now(),
            issuer=self._issuer,
        )
        scopes: dict[str, object] = {"scope": " ".join(grant.scopes)}
        if grant.resources:
            scopes["resources"] = list(grant.resources)
        return {"scopes": [scopes], "claims": sorted(claims)}

    def revoke(self, grant_id: str, presented: Presented) -> None:
        """End a grant, with every token that hangs off it; audited.

        Raises:
            Refused: NOT_FOUND; as ``OwnResource.open`` does.
        """
        found, client = self._opened(presented, REVOKE)
        with self._ledger.begin() as unit:
            at = self._now()
            grant = _of(unit, grant_id, found, client)
            if not unit.grants.end(grant.id, at=at):
                raise Refused(NOT_FOUND, "ended meanwhile")
            unit.record(grant_ended(grant=grant.id, client=client.id, at=at, why="client"))

    def _opened(self, presented: Presented, scope: str) -> tuple[LiveToken, Client]:
        found, client = self._resource.open(presented, scope=scope)
        if not client.manages_grants:
            raise Refused(INSUFFICIENT_SCOPE, "the client manages its grants no more")
        return found, client


def grants_audience(settings: Settings) -> str:
    """Give the identifier of the resource, which a token is for that has one of its scopes."""
    return settings.issuer + paths.GRANTS


def _of(unit: Unit, grant_id: str, found: LiveToken, client: Client) -> Grant:
    """Give a living grant of the same client and person. Raises: Refused(NOT_FOUND)."""
    grant = unit.grants.get(GrantId(grant_id)) if _NAME.fullmatch(grant_id) else None
    mine = grant is not None and (grant.client, grant.person) == (client.id, found.grant.person)
    if grant is None or not mine or grant.ended_at is not None:
        raise Refused(NOT_FOUND, "no such grant of this client and person")
    return grant
