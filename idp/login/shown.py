"""What a phone shows of a login: from the registration and the settings, never from the request."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from idp.domain.assurance import CANONICAL
from idp.domain.claims import entitled, requested
from idp.domain.vocabulary import fact_of
from mobile_flow.model import Shown, ShownClaim, Verb

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from idp.login.methods import Asking


def shown_of(asking: Asking, *, now: datetime, issuer: str) -> Shown:
    """Give what the person is shown before approving this login.

    The domain is that of the registered address that the answer goes to.
    """
    tx, client, language = asking.tx, asking.client, asking.visitor.language
    purposes = entitled(client, now=now, issuer=issuer)
    claims, reasons = [], []
    for name in requested(tx.request, issuer):
        purpose = purposes.get(fact_of(name, issuer=issuer))
        if purpose is not None:
            reason = _in(purpose.reason, language)
            claims.append(ShownClaim(name=name.rpartition("/")[2], reason=reason))
            reasons.append(reason)
    return Shown(
        verb=Verb.LOG_IN,
        client_id=client.id,
        client_name=client.display_name(language),
        client_domain=urlsplit(tx.request.redirect_uri).netloc,
        purpose=reasons[0] if reasons else "",
        claims=tuple(claims),
        where=asking.visitor.where,
        acr="" if asking.needed is None else CANONICAL[asking.needed],
        language=language,
    )


def _in(words: Mapping[str, str], language: str) -> str:
    return words.get(language) or words.get("en") or next(iter(words.values()), "")
