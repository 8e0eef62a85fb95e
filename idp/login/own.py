"""Our own pages as an e-service: known without a registration, answered without a code.

The citizen's page is entered by the same walk as any e-service: the same means, checks, sessions
and audit rows. Two things differ. Nothing leaves, so there is nothing to agree to; and the walk
ends at the page itself, where the session's cookie is all that is needed. The identifiers hold a
colon, which no registration can.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from idp.domain.answer import Answer
from idp.domain.client import Client, ClientAuth, ClientId
from idp.domain.person import Sector
from idp.domain.request import AuthorizationRequest, Prompt, ResponseMode

if TYPE_CHECKING:
    from idp.domain.transaction import Transaction

PAGE: Final = ClientId("own:page")
"""The citizen's page, by any means."""
CARD: Final = ClientId("own:card")
"""The same after a new proof by eID card: for changes."""
PATH: Final = "/account"

_NAMES: Final = {"nl": "Mijn pagina", "fr": "Ma page", "de": "Meine Seite", "en": "My page"}
_ALWAYS: Final = datetime(2026, 1, 1, tzinfo=UTC)


def is_own(client_id: ClientId) -> bool:
    """Tell whether this is one of our own pages."""
    return client_id in {PAGE, CARD}


def client(client_id: ClientId, *, issuer: str) -> Client | None:
    """Give the own page of that identifier as an e-service; ``None`` if it is none."""
    if not is_own(client_id):
        return None
    return Client(
        id=client_id,
        name=dict(_NAMES),
        sector=Sector(client_id),
        redirect_uris=(f"{issuer}{PATH}",),
        auth=ClientAuth.NONE,
        grant_types=(),
        scopes=(),
        created_at=_ALWAYS,
        updated_at=_ALWAYS,
    )


def request(client_id: ClientId, *, issuer: str) -> AuthorizationRequest:
    """Give what the page asks: somebody signed in, or for changes a new proof by card."""
    return AuthorizationRequest(
        client_id=client_id,
        redirect_uri=f"{issuer}{PATH}",
        response_mode=ResponseMode.QUERY,
        scopes=(),
        prompts=(Prompt.LOGIN,) if client_id == CARD else (),
    )


def answer(tx: Transaction) -> Answer:
    """Give the way to the page."""
    return Answer(
        client=tx.request.client_id,
        redirect_uri=tx.request.redirect_uri,
        mode=ResponseMode.QUERY,
        parameters=(),
    )
