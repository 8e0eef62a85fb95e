"""What a phone shows of an asking: from the registration and the settings, never from the request.

The one exception is the e-service's own message, which is shown as such, in quotes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from idp.domain.claims import entitled, requested
from idp.domain.verified_claims import facts_asked
from idp.domain.vocabulary import fact_of
from mobile_flow.model import Shown, ShownClaim, ShownDetail, Verb

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from idp.domain.client import Client
    from idp.domain.request import AuthorizationRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What only the one who asks can say.

    Attributes:
        address: the registered address whose host is shown.
        where: where the request comes from, coarse.
        acr: the level that is asked for, a canonical word, or empty.
        message: the e-service's own words.
        details: a typed approval, rendered by us.
    """

    verb: Verb = Verb.LOG_IN
    address: str
    where: str = ""
    acr: str = ""
    message: str = ""
    details: tuple[ShownDetail, ...] = ()
    language: str


def shown(
    request: AuthorizationRequest, client: Client, asked: Asked, *, now: datetime, issuer: str
) -> Shown:
    """Give what the person is shown before approving."""
    purposes = entitled(client, now=now, issuer=issuer)
    claims, reasons = [], []
    for name in dict.fromkeys((*requested(request, issuer), *facts_asked(request))):
        purpose = purposes.get(fact_of(name, issuer=issuer))
        if purpose is not None:
            reason = _in(purpose.reason, asked.language)
            claims.append(ShownClaim(name=name.rpartition("/")[2], reason=reason))
            reasons.append(reason)
    return Shown(
        verb=asked.verb,
        client_id=client.id,
        client_name=client.display_name(asked.language),
        client_domain=urlsplit(asked.address).netloc,
        purpose=reasons[0] if reasons else "",
        claims=tuple(claims),
        details=asked.details,
        message=asked.message,
        where=asked.where,
        acr=asked.acr,
        language=asked.language,
    )


def _in(words: Mapping[str, str], language: str) -> str:
    return words.get(language) or words.get("en") or next(iter(words.values()), "")
