"""A sign-on that ended: at which e-services it was used, and what waits to be told of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from idp.domain.client import ClientId
from idp.domain.person import SubjectId


@dataclass(frozen=True, kw_only=True, slots=True)
class UsedAt:
    """One e-service of a sign-on, and the ``sid`` by which it knows it."""

    client: ClientId
    sid: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """What ended in one unit of work.

    Attributes:
        used_at: every (client, sid) of the sign-on, once.
        messages: the outbox's numbers of what is told behind the browser's back.
    """

    used_at: tuple[UsedAt, ...] = ()
    messages: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class LogoutNotice:
    """What one client is to be told: a logout token is made of it when it is sent.

    Attributes:
        subject: by which the client knew the person when the sign-on ended, if it ever did.
    """

    client: ClientId
    sid: str = field(repr=False)
    subject: SubjectId | None = field(default=None, repr=False)
