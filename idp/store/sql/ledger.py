"""The Ledger: units of work over an engine, each with its narrow repositories."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from idp.store.sql.audit import SqlAuditTrail, record
from idp.store.sql.backchannel import SqlBackchannel
from idp.store.sql.clients import ClientCache, SqlClients
from idp.store.sql.consents import SqlConsents
from idp.store.sql.epochs import bump_epoch, read_epoch
from idp.store.sql.farewells import Farewells
from idp.store.sql.grants import SqlGrants
from idp.store.sql.keys import SqlKeys
from idp.store.sql.leases import SqlLeases
from idp.store.sql.logos import SqlLogos
from idp.store.sql.outbox import SqlOutbox
from idp.store.sql.people import SqlPeople
from idp.store.sql.phones import SqlPhones
from idp.store.sql.purge import purge
from idp.store.sql.registrations import SqlRegistrations
from idp.store.sql.sessions import SqlSessions
from idp.store.sql.spent import is_spent, spend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from idp.domain.audit_event import AuditEvent
    from idp.store.phone_ports import Phones
    from idp.store.ports import (
        BackchannelRequests,
        Consents,
        Grants,
        People,
        Sessions,
        Unit,
        Vault,
    )
    from idp.store.registration_ports import Logos, Registrations
    from idp.store.sql.engine import Engine
    from idp.store.sql.statement import Link
    from idp.store.upkeep import AuditTrail, Leases, Outbox
    from keys.ports import KeyRows

_EVENT_BYTES = 16


class SqlUnit:
    """One unit of work; of no use after its block.

    A repository is made when it is asked for: few units need more than two.
    """

    __slots__ = ("_entropy", "_epoch", "_link", "_vault", "clients")

    def __init__(
        self,
        link: Link,
        *,
        vault: Vault,
        entropy: Callable[[int], bytes],
        cache: ClientCache,
    ) -> None:
        self._link = link
        self._vault = vault
        self._entropy = entropy
        self._epoch: int | None = None
        self.clients = SqlClients(link, cache)

    @property
    def people(self) -> People:
        """People and their subjects."""
        return SqlPeople(self._link, self._vault)

    @property
    def sessions(self) -> Sessions:
        """Signed-in browsers."""
        return SqlSessions(
            self._link,
            self._vault,
            Farewells(self._link, clients=self.clients, outbox=self.outbox),
        )

    @property
    def consents(self) -> Consents:
        """Remembered agreements."""
        return SqlConsents(self._link)

    @property
    def grants(self) -> Grants:
        """Grants and what hangs off them."""
        return SqlGrants(self._link, self._vault, self.clients)

    @property
    def backchannel(self) -> BackchannelRequests:
        """Requests behind the browser's back."""
        return SqlBackchannel(self._link, self._vault)

    @property
    def outbox(self) -> Outbox:
        """Deliveries."""
        return SqlOutbox(self._link, self._vault, self._entropy)

    @property
    def audit(self) -> AuditTrail:
        """The audit rows."""
        return SqlAuditTrail(self._link)

    @property
    def leases(self) -> Leases:
        """Who does a housekeeping job."""
        return SqlLeases(self._link)

    @property
    def keys(self) -> KeyRows:
        """The signing keys."""
        return SqlKeys(self._link)

    @property
    def phones(self) -> Phones:
        """Phones, approvals, one-time passwords."""
        return SqlPhones(self._link, self._vault)

    @property
    def registrations(self) -> Registrations:
        """Clients that registered themselves."""
        return SqlRegistrations(self._link)

    @property
    def logos(self) -> Logos:
        """The pictures of clients."""
        return SqlLogos(self._link)

    def spend(self, kind: str, key: str, *, until: datetime) -> None:
        """Mark a single-use thing spent. Raises: AlreadySpent."""
        self._epoch = spend(self._link, kind, key, until=until)

    def is_spent(self, kind: str, key: str) -> bool:
        """Tell whether it was spent; only ``spend`` decides."""
        return is_spent(self._link, kind, key)

    def record(self, event: AuditEvent) -> None:
        """Write the audit row of this unit, under a random identifier."""
        row_id = self._entropy(_EVENT_BYTES).hex()
        record(self._link, self._vault, event, row_id=row_id)

    def epoch(self) -> int:
        """Give the epoch, as a mark of this unit has read it if there is one."""
        if self._epoch is None:
            self._epoch = read_epoch(self._link)
        return self._epoch

    def bump_epoch(self) -> int:
        """Raise the epoch and give the new one."""
        self._epoch = bump_epoch(self._link)
        return self._epoch

    def purge(
        self, *, before: datetime, limit: int, receipts_before: datetime | None = None
    ) -> int:
        """Delete what was over before ``before``, at most ``limit`` rows."""
        return purge(self._link, before=before, limit=limit, receipts_before=receipts_before)


class SqlLedger:
    """``Ledger`` over SQLite or PostgreSQL."""

    def __init__(self, engine: Engine, vault: Vault, *, entropy: Callable[[int], bytes]) -> None:
        self._engine = engine
        self._vault = vault
        self._entropy = entropy
        self._cache = ClientCache()

    @contextmanager
    def begin(self) -> Iterator[Unit]:
        """Open a writing unit. Raises: StoreUnavailable."""
        with self._engine.writing() as link:
            yield self._unit(link)

    @contextmanager
    def read(self) -> Iterator[Unit]:
        """Open a reading unit. Raises: StoreUnavailable."""
        with self._engine.reading() as link:
            yield self._unit(link)

    def database_time(self) -> datetime:
        """Give the database's time. Raises: StoreUnavailable."""
        return self._engine.time()

    def close(self) -> None:
        """Close every connection of this process."""
        self._engine.close()

    def _unit(self, link: Link) -> SqlUnit:
        return SqlUnit(link, vault=self._vault, entropy=self._entropy, cache=self._cache)
