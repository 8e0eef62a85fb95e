"""What a person agreed to release to a client, and that it may be remembered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from idp.domain.client import ClientId
from idp.domain.person import PersonId


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """A remembered agreement. ``claims`` are claims as shown (``claims.as_shown``), sorted.

    A claim that another purpose now entitles, or for another reason, was never agreed to.
    """

    person: PersonId
    client: ClientId
    claims: tuple[str, ...]
    agreed_at: datetime
    withdrawn_at: datetime | None = None


def covers(consent: Consent | None, claims: tuple[str, ...]) -> bool:
    """Tell whether a remembered agreement covers every one of ``claims``."""
    return (
        consent is not None and consent.withdrawn_at is None and set(claims) <= set(consent.claims)
    )
