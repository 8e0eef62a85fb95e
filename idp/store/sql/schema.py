"""The Ledger's tables, once, for both dialects.

Times are whole microseconds since 1970 (UTC), so both dialects keep and compare them alike. Rows
refer to each other by random identifiers without foreign keys: a token whose grant is gone is dead
because it is always read joined, and the purge may delete in any order. What a column lookup does
not need stands in a sealed body.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

REVISION: Final = "0011"
"""The migration this code needs; ``serve`` refuses a schema that is older."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Serial = BigInteger().with_variant(Integer(), "sqlite")


def _moment(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


epochs = Table(
    "epochs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
)

client_ids = Table(
    "client_ids",
    metadata,
    Column("folded", Text, primary_key=True),
    Column("id", Text, nullable=False),
)

clients = Table(
    "clients",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("body", Text, nullable=False),
)

client_history = Table(
    "client_history",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("client", Text, nullable=False, index=True),
    Column("version", BigInteger, nullable=False),
    _moment("at"),
    Column("before", Text),
    Column("after", Text),
)

people = Table(
    "people",
    metadata,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("number_lookup", LargeBinary, unique=True),
    Column("username", Text, unique=True),
    Column("attributes", LargeBinary, nullable=False),
    _moment("created_at"),
    _moment("updated_at"),
)

subjects = Table(
    "subjects",
    metadata,
    Column("person", Text, primary_key=True),
    Column("sector", Text, primary_key=True),
    Column("subject", Text, nullable=False, unique=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("key", Text, primary_key=True),
    Column("person", Text, nullable=False, index=True),
    Column("sign_on", Text, nullable=False, index=True),
    Column("event", LargeBinary, nullable=False),
    _moment("opened_at"),
    _moment("used_at"),
    _moment("succeeded_at", nullable=True),
    _moment("ended_at", nullable=True),
    Index("ix_sessions_opened_at", "opened_at"),
)

session_clients = Table(
    "session_clients",
    metadata,
    Column("session", Text, primary_key=True),
    Column("client", Text, primary_key=True),
    Column("sid", Text, nullable=False),
    sqlite_with_rowid=False,
)

consents = Table(
    "consents",
    metadata,
    Column("person", Text, primary_key=True),
    Column("client", Text, primary_key=True),
    Column("claims", Text, nullable=False),
    _moment("agreed_at"),
    _moment("withdrawn_at", nullable=True),
)

codes = Table(
    "codes",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("client", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _moment("expires_at"),
    _moment("spent_at", nullable=True),
    Index("ix_codes_expires_at", "expires_at"),
)

grants = Table(
    "grants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False, index=True),
    Column("client", Text, nullable=False, index=True),
    Column("session", Text, nullable=False, index=True),
    Column("offline", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _moment("created_at"),
    _moment("ended_at", nullable=True),
    Index("ix_grants_created_at", "created_at"),
)

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("grant", Text, nullable=False, index=True),
    Column("client", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("audience", Text, nullable=False),
    _moment("issued_at"),
    _moment("expires_at"),
    _moment("revoked_at", nullable=True),
    Column("key", Text),
    Column("delegation", Text),
    Index("ix_access_tokens_expires_at", "expires_at"),
    sqlite_with_rowid=False,
)

families = Table(
    "families",
    metadata,
    Column("id", Text, primary_key=True),
    Column("grant", Text, nullable=False, index=True),
    Column("client", Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("rotates", Boolean, nullable=False),
    _moment("created_at"),
    _moment("rotated_at"),
    _moment("idle_expires_at"),
    _moment("expires_at"),
    _moment("ended_at", nullable=True),
    Column("key", Text),
    Index("ix_families_expires_at", "expires_at"),
)

backchannel_requests = Table(
    "backchannel_requests",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("client", Text, nullable=False),
    Column("approval", Text, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("decision", Text),
    _moment("expires_at"),
    _moment("redeemed_at", nullable=True),
    Index("ix_backchannel_requests_expires_at", "expires_at"),
)

spent = Table(
    "spent",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", LargeBinary, primary_key=True),
    _moment("until"),
    Index("ix_spent_until", "until"),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("reference", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False),
    _moment("due_at"),
    _moment("abandoned_at", nullable=True),
    Index("ix_outbox_due_at", "due_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("position", _Serial, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("stream", Text, nullable=False),
    _moment("at"),
    Column("payload", LargeBinary),
    Column("digest", LargeBinary, nullable=False),
    Column("sequence", BigInteger, unique=True),
    Column("link", LargeBinary),
)
Index(
    "ix_audit_unsealed",
    audit.c.position,
    sqlite_where=text("sequence IS NULL"),
    postgresql_where=text("sequence IS NULL"),
)

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("sequence", BigInteger, nullable=False),
    Column("link", LargeBinary, nullable=False),
    _moment("at"),
    Column("statement", Text, nullable=False),
)

audit_erasures = Table(
    "audit_erasures",
    metadata,
    Column("through", BigInteger, primary_key=True, autoincrement=False),
    _moment("at"),
)

leases = Table(
    "leases",
    metadata,
    Column("job", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("fence", BigInteger, nullable=False),
    _moment("until"),
)

key_roots = Table(
    "key_roots",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    _moment("created_at"),
)

key_ring = Table(
    "key_ring",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("generation", BigInteger, nullable=False),
    Column("seal", LargeBinary, nullable=False),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("algorithm", Text, nullable=False),
    Column("state", Text, nullable=False),
    _moment("announced_at"),
    _moment("signing_at", nullable=True),
    _moment("retiring_at", nullable=True),
    _moment("retired_at", nullable=True),
    Column("generation", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
