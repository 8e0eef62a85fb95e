"""A presented access token that is good now, or a refusal: nothing in between, nothing cached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.domain.gate import may_issue
from idp.errors import INVALID_TOKEN, Refused
from idp.store.means import means_stand

if TYPE_CHECKING:
    from datetime import datetime

    from idp.domain.client import Client
    from idp.domain.grant import LiveToken
    from idp.oidc.tokens import Opaque
    from idp.store.ports import Unit


def living(unit: Unit, presented: Opaque, *, at: datetime) -> tuple[LiveToken, Client]:
    """Give a token with all that keeps it alive, and the registration as it is now.

    ``AccessTokens.read`` knows what was presented, in either form, before a unit is opened.

    Raises:
        Refused: INVALID_TOKEN, when the token is unknown, of another epoch, revoked or expired;
            when its grant, its session or the card behind it ended; when the person or the client
            may not be served.
    """
    if presented.epoch != unit.epoch():
        raise Refused(INVALID_TOKEN, "token of another epoch")
    found = unit.grants.live_token(presented.hash)
    if found is None:
        raise Refused(INVALID_TOKEN, "unknown token")
    token, grant = found.token, found.grant
    if token.revoked_at is not None or at >= token.expires_at:
        raise Refused(INVALID_TOKEN, "token revoked or expired")
    if grant.ended_at is not None or found.session_ended:
        raise Refused(INVALID_TOKEN, "grant or session ended")
    client = unit.clients.get(token.client)
    if client is None:
        raise Refused(INVALID_TOKEN, "client was removed")
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
