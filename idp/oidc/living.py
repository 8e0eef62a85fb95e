"""A presented access token that is good now, or a refusal: nothing in between, nothing cached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.domain.acting import MOST_ACTORS, TOKEN_EXCHANGE
from idp.domain.gate import may_issue
from idp.errors import INVALID_TOKEN, Refused
from idp.store.means import means_stand

if TYPE_CHECKING:
    from datetime import datetime

    from idp.domain.client import Client
    from idp.domain.grant import AccessToken, LiveToken, TokenHash
    from idp.oidc.tokens import Opaque
    from idp.store.ports import Unit


def living(unit: Unit, presented: Opaque, *, at: datetime) -> tuple[LiveToken, Client]:
    """Give a token with all that keeps it alive, and the registration as it is now.

    ``AccessTokens.read`` knows what was presented, in either form, before a unit is opened.

    Raises:
        Refused: INVALID_TOKEN, when the token is unknown, of another epoch, revoked or expired;
            when its grant, its session or the card behind it ended; when the person or the client
            may not be served, or the client act so; when any of that holds for the token that it
            came from.
    """
    found, client = _alive(unit, presented.hash, at=at)
    if presented.epoch != found.epoch:
        raise Refused(INVALID_TOKEN, "token of another epoch")
    origin = found.token.delegation
    # Its origins are looked at each time: whoever revokes one of them cannot come too late.
    for _ in range(MOST_ACTORS):
        if origin is None:
            break
        origin = _alive(unit, origin.parent, at=at)[0].token.delegation
    if origin is not None:
        raise Refused(INVALID_TOKEN, "exchanged more often than is allowed")
    return found, client


def _alive(unit: Unit, hashed: TokenHash, *, at: datetime) -> tuple[LiveToken, Client]:
    """Give one token, whatever it came from."""
    found = unit.grants.live_token(hashed)
    if found is None:
        raise Refused(INVALID_TOKEN, "unknown token")
    token, grant = found.token, found.grant
    if token.revoked_at is not None or at >= token.expires_at:
        raise Refused(INVALID_TOKEN, "token revoked or expired")
    if grant.ended_at is not None or found.session_ended:
        raise Refused(INVALID_TOKEN, "grant or session ended")
    client = found.client
    if client is None:
        raise Refused(INVALID_TOKEN, "client was removed")
    if token.delegation is not None:
        _demand_still_acting(client, token)
    try:
        may_issue(
            person_state=found.person_state,
            client=client,
            evidence=grant.event.evidence,
            means_stand=means_stand(unit, grant.person, grant.event.evidence),
            now=at,
        )
    except Refused as refused:
        raise Refused(INVALID_TOKEN, refused.detail) from None
    return found, client


def _demand_still_acting(client: Client, token: AccessToken) -> None:
    """Demand that it could be exchanged for this today: it hangs off the grant of another client.

    Raises:
        Refused: INVALID_TOKEN.
    """
    acting = client.acting
    if (
        TOKEN_EXCHANGE not in client.grant_types
        or not set(token.audience) <= set(acting.targets)
        or not set(token.scopes) <= set(acting.scopes)
    ):
        raise Refused(INVALID_TOKEN, "its client may not act so any more")
