"""What a phone shows of a login: the domain is that of the address that the answer goes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.domain.assurance import CANONICAL
from idp.domain.shown import Asked, shown

if TYPE_CHECKING:
    from datetime import datetime

    from idp.login.methods import Asking
    from mobile_flow.model import Shown


def shown_of(asking: Asking, *, now: datetime, issuer: str) -> Shown:
    """Give what the person is shown before approving this login."""
    asked = Asked(
        address=asking.tx.request.redirect_uri,
        where=asking.visitor.where,
        acr="" if asking.needed is None else CANONICAL[asking.needed],
        language=asking.visitor.language,
    )
    return shown(asking.tx.request, asking.client, asked, now=now, issuer=issuer)
