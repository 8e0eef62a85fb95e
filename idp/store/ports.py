"""The two promises of memory, as ports.

The **Ledger** keeps what was acknowledged and decides single use; its verbs run inside a unit of
work that commits as a whole or not at all. The **Ephemeral** store keeps what may vanish, or
reappear, at any moment without harm. The SQL lives behind the first, Redis behind the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from idp.domain.client import Client
from idp.domain.grant import Code
from idp.errors import UNAVAILABLE, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from idp.domain.audit_event import AuditEvent
    from idp.domain.backchannel import BackchannelRequest
    from idp.domain.client import ClientId
    from idp.domain.consent import Consent
    from idp.domain.ended import Ended
    from idp.domain.grant import (
        AccessToken,
        FamilyId,
        Grant,
        GrantId,
        LiveToken,
        RefreshFamily,
        Standing,
        TokenHash,
    )
    from idp.domain.person import Attributes, Person, PersonId, PersonState, Sector, SubjectId
    from idp.domain.session import Session, SessionKey
    from idp.store.phone_ports import Phones
    from idp.store.registration_ports import Logos, Registrations
    from idp.store.upkeep import AuditTrail, Leases, Outbox
    from keys.ports import KeyRows


class StoreUnavailable(Refused):
    """The store is busy, gone, full or read-only: nothing was decided, the person may try again."""

    def __init__(self, detail: str) -> None:
        super().__init__(UNAVAILABLE, detail)


class Tampered(StoreUnavailable):
    """A stored value does not open or decode: it was changed, moved, or is of another key."""


class SchemaOutdated(Exception):
    """The database's schema is older than this program (or absent): ``sesame db upgrade``."""


class UnsafeStore(Exception):
    """The store's own settings break a promise; the message says which setting and what to set."""


class AlreadySpent(Exception):
    """A single-use thing was used before; the whole unit of work rolls back.

    Attributes:
        kind: which kind of thing, as given to ``spend``.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class VersionConflict(Exception):
    """The record changed since it was read."""


class Duplicate(Exception):
    """A record with this identifier exists."""


class Vault(Protocol):
    """Sealing of columns and values; answered by ``keys.store`` at assembly."""

    def seal(self, purpose: str, context: bytes, plaintext: bytes) -> bytes:
        """Encrypt and authenticate; ``context`` must be given again to open."""
        ...

    def open(self, purpose: str, context: bytes, sealed: bytes) -> bytes:
        """Undo ``seal``; raises on any difference."""
        ...

    def fingerprint(self, purpose: str, value: bytes) -> bytes:
        """Give the 32-byte HMAC-SHA256 of ``value`` under the key of ``purpose``."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientChange:
    """One change; ``before`` is absent when added, ``after`` when removed."""

    version: int
    at: datetime
    before: Client | None
    after: Client | None


# --- the Ledger -------------------------------------------------------------------------------


class Clients(Protocol):
    """Registrations and their history; a change is seen by every request that begins after it."""

    def get(self, client_id: ClientId) -> Client | None: ...
    def all(self) -> Sequence[Client]: ...
    def add(self, client: Client) -> None:
        """Insert. Raises: Duplicate (also for an identifier that differs only by case)."""
        ...

    def replace(self, client: Client, *, expected_version: int) -> None:
        """Update and keep the former version in the history. Raises: VersionConflict."""
        ...

    def remove(self, client_id: ClientId, *, at: datetime) -> None:
        """Take the registration out, keeping its history and its identifier reserved."""
        ...

    def history(self, client_id: ClientId) -> Sequence[ClientChange]:
        """Give every change, the oldest first."""
        ...


class People(Protocol):
    """People and the subjects that sectors know them by."""

    def get(self, person_id: PersonId) -> Person | None: ...
    def find_by_number(self, national_number: str) -> Person | None:
        """Look up by the keyed hash of a national register (or BIS) number."""
        ...

    def find_by_username(self, username: str) -> Person | None:
        """Look up a seeded person (``test`` and ``conformance`` environments)."""
        ...

    def add(self, person: Person, *, username: str | None = None) -> None:
        """Insert. Raises: Duplicate when the number or user name is taken."""
        ...

    def renew(self, person_id: PersonId, attributes: Attributes, *, at: datetime) -> None: ...
    def set_state(self, person_id: PersonId, state: PersonState, *, at: datetime) -> None: ...
    def find_by_subject(self, subject: SubjectId, *, sector: Sector) -> Person | None:
        """Look up whom a sector knows by a subject."""
        ...

    def subject(self, person_id: PersonId, sector: Sector, *, candidate: SubjectId) -> SubjectId:
        """Give the subject of (person, sector); ``candidate`` (128 random bits) if it is new."""
        ...


class Sessions(Protocol):
    """Signed-in browsers."""

    def open(self, session: Session) -> None: ...
    def get(self, key: SessionKey) -> Session | None: ...
    def of_person(self, person_id: PersonId) -> Sequence[Session]:
        """Give those that have neither ended nor a successor, the latest proof first."""
        ...

    def touch(self, key: SessionKey, *, at: datetime) -> None: ...
    def join(self, key: SessionKey, client_id: ClientId, *, sid: str) -> str:
        """Note that the session is used at a client; give the sid it is known by there."""
        ...

    def succeed(self, key: SessionKey, session: Session, *, at: datetime) -> bool:
        """Open ``session`` in the place of the one under ``key``, as one and the same sign-on.

        The former opens nothing any more, its grants live on, and ending either ends both.
        ``False``, and nothing is opened, if the former had ended.
        """
        ...

    def end(self, key: SessionKey, *, at: datetime, offline: bool = False) -> Ended | None:
        """End it with its whole sign-on, and its grants that are not offline, or all of them.

        ``None`` if nothing was left to end. Here and in the next two, each client that registered
        for it has a message in the outbox for each ``sid``, in the same unit.
        """
        ...

    def end_by_person(self, person_id: PersonId, *, at: datetime) -> int:
        """End every session of a person, none of their grants; give how many ended."""
        ...

    def end_all(self, *, at: datetime) -> int:
        """End every session there is, with a new epoch that refuses its grants; give how many."""
        ...

    def tell_ended_at(self, at: datetime) -> int:
        """Write the messages about what a restore ended at ``at``; give how many."""
        ...


class Consents(Protocol):
    """Remembered agreements."""

    def get(self, person_id: PersonId, client_id: ClientId) -> Consent | None: ...
    def put(self, consent: Consent) -> None: ...
    def withdraw(self, person_id: PersonId, client_id: ClientId, *, at: datetime) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Presented:
    """What became of a presented code: ``first`` exactly once, then ``again`` with the same code.

    A code that belongs to another client is not spent by presenting it. ``epoch`` is the Ledger's.
    """

    outcome: Literal["first", "again"]
    code: Code
    epoch: int


class Grants(Protocol):
    """Grants, codes, access tokens, refresh families."""

    def add_code(self, code: Code) -> None: ...
    def spend_code(self, code: TokenHash, *, client: ClientId, at: datetime) -> Presented | None:
        """Spend in one statement; ``None`` if unknown or of another client."""
        ...

    def find_code(self, code: TokenHash) -> Code | None: ...
    def add(self, grant: Grant) -> None: ...
    def get(self, grant_id: GrantId) -> Grant | None: ...
    def standing(
        self, person_id: PersonId, session: SessionKey, client_id: ClientId
    ) -> Standing | None:
        """Read in one statement; ``None`` when the session is unknown or of somebody else."""
        ...

    def end(self, grant_id: GrantId, *, at: datetime) -> bool:
        """End the grant with all its tokens and families; ``False`` if it had ended before."""
        ...

    def end_by_client(self, client_id: ClientId, *, at: datetime) -> int:
        """End every grant of a client, and every token that it holds of others' grants.

        Its unspent codes are forgotten with them.
        """
        ...

    def end_by_person(self, person_id: PersonId, *, at: datetime) -> int: ...
    def add_access_token(self, token: AccessToken) -> None: ...
    def live_token(self, token: TokenHash) -> LiveToken | None:
        """Read a token joined with grant, person, client, session and epoch in one statement."""
        ...

    def revoke_access_token(self, token: TokenHash, *, at: datetime) -> None: ...
    def add_family(self, family: RefreshFamily) -> None: ...
    def get_family(self, family_id: FamilyId) -> RefreshFamily | None: ...
    def advance_family(
        self,
        family_id: FamilyId,
        *,
        from_generation: int,
        at: datetime,
        idle_expires_at: datetime,
    ) -> bool:
        """Make the next generation live if ``from_generation`` is; one statement decides."""
        ...

    def touch_family(
        self, family_id: FamilyId, *, at: datetime, idle_expires_at: datetime
    ) -> None: ...
    def end_family(self, family_id: FamilyId, *, at: datetime) -> bool: ...


class BackchannelRequests(Protocol):
    """Requests behind the browser's back (CIBA), each redeemed at most once."""

    def add(self, request: BackchannelRequest) -> None: ...
    def find(self, request: TokenHash) -> BackchannelRequest | None: ...
    def redeem(self, request: TokenHash, *, client: ClientId, at: datetime) -> bool:
        """Redeem in one statement; ``False`` if it was, or is another client's."""
        ...

    def decide(self, request: TokenHash, *, decision: str) -> bool:
        """Keep the decision of the conformance hook; ``False`` if there is one."""
        ...


class Unit(Protocol):
    """One unit of work: everything in it is committed together, with its audit rows."""

    @property
    def clients(self) -> Clients: ...
    @property
    def people(self) -> People: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def consents(self) -> Consents: ...
    @property
    def grants(self) -> Grants: ...
    @property
    def backchannel(self) -> BackchannelRequests: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def audit(self) -> AuditTrail: ...
    @property
    def leases(self) -> Leases: ...
    @property
    def keys(self) -> KeyRows: ...
    @property
    def phones(self) -> Phones: ...
    @property
    def registrations(self) -> Registrations: ...
    @property
    def logos(self) -> Logos: ...

    def spend(self, kind: str, key: str, *, until: datetime) -> None:
        """Mark a single-use thing spent. Raises: AlreadySpent; the unit then rolls back."""
        ...

    def is_spent(self, kind: str, key: str) -> bool:
        """Tell whether it was spent, to say so early; only ``spend`` decides who is first."""
        ...

    def record(self, event: AuditEvent) -> None:
        """Write the audit row of this unit."""
        ...

    def epoch(self) -> int:
        """Give the epoch that every issued artefact carries; older ones are refused."""
        ...

    def bump_epoch(self) -> int: ...

    def purge(
        self, *, before: datetime, limit: int, receipts_before: datetime | None = None
    ) -> int:
        """Delete what is over (decided approvals ``receipts_before`` only); give how many rows."""
        ...


class Ledger(Protocol):
    """The durable store."""

    def begin(self) -> AbstractContextManager[Unit]:
        """Open a writing unit; commits when the block ends, rolls back when it raises.

        Raises:
            StoreUnavailable: busy past its deadline, gone, full or read-only.
        """
        ...

    def read(self) -> AbstractContextManager[Unit]:
        """Open a unit that may only read; never waits for a writer."""
        ...

    def database_time(self) -> datetime: ...
    def close(self) -> None: ...
