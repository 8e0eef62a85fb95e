"""What the Ledger remembers for the housekeeper's jobs: deliveries, the audit chain, who does what.

These ports are verbs of a unit of work like the others (``idp.store.ports``): a delivery to make
and a row to seal are written in the commit that they belong to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxMessage:
    """Something to deliver at least once. ``body`` is sealed at rest."""

    id: int
    kind: str
    destination: str
    body: bytes
    attempts: int
    due_at: datetime


class Outbox(Protocol):
    """Deliveries that must happen after a commit."""

    def add(self, *, kind: str, destination: str, body: bytes, due_at: datetime) -> int:
        """Put a message in; give its number. ``destination`` may be empty; it is not sealed."""
        ...

    def due(
        self, *, at: datetime, limit: int, without: Sequence[str] = (), unnamed: bool = False
    ) -> Sequence[OutboxMessage]:
        """Give what should have left by ``at``, but nothing for the (at most eight) ``without``.

        With ``unnamed`` only what has no destination.
        """
        ...

    def hold(self, message: OutboxMessage, *, until: datetime) -> OutboxMessage | None:
        """Keep it from everybody else ``until`` then; ``None`` if somebody was first.

        Whoever delivers says what became of the message that this gave. Where the hold ended and
        another took the message meanwhile, that changes nothing.
        """
        ...

    def delivered(self, message: OutboxMessage) -> None: ...
    def postpone(self, message: OutboxMessage, *, until: datetime) -> None:
        """Count an attempt and wait."""
        ...

    def abandon(self, message: OutboxMessage, *, at: datetime) -> None:
        """Count an attempt and give up."""
        ...

    def untried(self, numbers: Sequence[int]) -> bool:
        """Tell whether one of these messages is still to be tried for the first time."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditRow:
    """A recorded event. ``sequence`` and ``link`` are ``None`` until it is sealed into the chain.

    ``payload`` is canonical JSON and may be erased (``None``); ``digest`` covers it with a MAC and
    the chain runs over digests only.
    """

    id: str
    stream: str
    at: datetime
    payload: bytes | None
    digest: bytes
    sequence: int | None
    link: bytes | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditHead:
    """A signed statement of where the chain stood: a compact JWS in ``statement``."""

    sequence: int
    link: bytes
    at: datetime
    statement: str


class AuditTrail(Protocol):
    """The recorded events and their chain; ``idp.audit`` decides, this remembers."""

    def unsealed(self, *, limit: int) -> Sequence[AuditRow]: ...
    def tail(self) -> AuditRow | None:
        """Give the last sealed row."""
        ...

    def seal(self, row_id: str, *, sequence: int, link: bytes) -> None: ...
    def rows(self, *, after: int, limit: int) -> Sequence[AuditRow]:
        """Give sealed rows in order of sequence."""
        ...

    def erased_through(self) -> int:
        """Give the place in the chain up to which payloads were erased; 0 for none."""
        ...

    def erase(self, *, through: int, at: datetime) -> int:
        """Erase the payloads of what is sealed up to a place, and note it; give how many went.

        Raises: VersionConflict, if it was erased as far as that before.
        """
        ...

    def add_head(self, head: AuditHead) -> None: ...
    def last_head(self) -> AuditHead | None: ...
    def heads(self) -> Sequence[AuditHead]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class LeaseHeld:
    """A job, and who may do it until when (or did, if that has passed)."""

    job: str
    holder: str
    fence: int
    until: datetime


class Leases(Protocol):
    """Who does a housekeeping job now."""

    def take(self, job: str, *, holder: str, at: datetime, lasts: timedelta) -> int | None:
        """Take or prolong; give the fencing number, or ``None`` while another holds it."""
        ...

    def check(self, job: str, *, fence: int) -> None:
        """Raise ``VersionConflict`` when the lease was taken over since."""
        ...

    def held(self) -> Sequence[LeaseHeld]:
        """Give every lease ever taken, by job."""
        ...
