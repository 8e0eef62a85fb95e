"""Whether a login that was good enough once still is: a registration may have come to demand more.

What is missing is said in words that the client may ask with (RFC 9470 section 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from idp.domain.assurance import lowest_asked, resistance_asked
from idp.domain.event import resists_phishing

if TYPE_CHECKING:
    from datetime import timedelta

    from idp.domain.client import Client
    from idp.domain.grant import Grant


@dataclass(frozen=True, kw_only=True, slots=True)
class Shortfall:
    """What a new login must reach.

    Attributes:
        acr_values: a word for the level, ``None`` where the level was reached.
        max_age: how many seconds ago it may have been, ``None`` where it was recent enough.
    """

    acr_values: str | None = None
    max_age: int | None = None


def shortfall(client: Client, grant: Grant, *, within: timedelta) -> Shortfall | None:
    """Give what the login behind a grant lacks by the registration as it is now, or ``None``.

    Its age is that at which it was used: a login grows no older by the use of its tokens.
    ``within`` is how long a login itself may take.
    """
    words = (client.minimum_acr,) if client.minimum_acr else ()
    level, event = lowest_asked(words), grant.event
    low = level is not None and event.acr < level
    exposed = resistance_asked(words) and not resists_phishing(event.evidence)
    longest = client.default_max_age
    stale = longest is not None and (
        (grant.created_at - event.at - within).total_seconds() > longest
    )
    if not (low or exposed or stale):
        return None
    return Shortfall(
        acr_values=client.minimum_acr if low or exposed else None,
        max_age=longest if stale else None,
    )
