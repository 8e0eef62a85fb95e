"""A browser that somebody is signed in with: read from the Ledger at every use, never cached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType

from idp.domain.client import ClientId
from idp.domain.event import AuthenticationEvent

SessionKey = NewType("SessionKey", str)
"""SHA-256 (hexadecimal) of the session cookie; the cookie's value itself is kept nowhere."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """Who is signed in, since when, by which proof, and at which clients.

    Attributes:
        event: the latest proof (a step-up opens a successor with another cookie).
        succeeded_at: when a successor took its place in the same sign-on: it opens nothing any
            more, and the grants that name it end with the successor.
        sids: the ``sid`` given to each client of this session (OpenID Connect Back-Channel Logout).
    """

    key: SessionKey
    event: AuthenticationEvent
    opened_at: datetime
    used_at: datetime
    succeeded_at: datetime | None = None
    ended_at: datetime | None = None
    sids: dict[ClientId, str]


def is_alive(session: Session, *, idle: timedelta, absolute: timedelta, now: datetime) -> bool:
    """Tell whether the session may still be used for single sign-on."""
    return (
        session.ended_at is None
        and session.succeeded_at is None
        and now < session.used_at + idle
        and now < session.opened_at + absolute
    )
