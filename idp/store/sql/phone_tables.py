"""The phone's tables: user handles, phones, enrolments, approvals, freezes, tries, passwords.

Declared like the others (``schema``). What decides who is first stands in a column of its own;
what only one person may read stands in a sealed body. Credentials, keys, codes and login names are
looked up by a hash.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text

from idp.store.sql.schema import metadata

_AT: Final = BigInteger

handles = Table(
    "phone_handles",
    metadata,
    Column("person", Text, primary_key=True),
    Column("handle", LargeBinary, nullable=False),
)

relying_party = Table(
    "phone_relying_party",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("rp_id", Text, nullable=False),
)

devices = Table(
    "devices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False, index=True),
    Column("credential", LargeBinary, nullable=False, unique=True),
    Column("device_key", LargeBinary, nullable=False, unique=True),
    Column("name", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("push", LargeBinary),
    Column("sign_count", BigInteger, nullable=False),
    Column("backed_up", Boolean, nullable=False),
    Column("enrolled_at", _AT, nullable=False),
    Column("high_from", _AT, nullable=False),
    Column("used_at", _AT),
    Column("removed_at", _AT),
    Column("suspected_at", _AT),
)

enrolments = Table(
    "enrolments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("person", Text, nullable=False, index=True),
    Column("code", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("expires_at", _AT, nullable=False),
    Index("ix_enrolments_expires_at", "expires_at"),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("person", Text, nullable=False),
    Column("device", Text),
    Column("login", Text, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("opened_at", _AT, nullable=False),
    Column("decided_at", _AT),
    Column("expires_at", _AT, nullable=False),
    Index("ix_approvals_person", "person", "opened_at"),
    Index("ix_approvals_expires_at", "expires_at"),
)

freezes = Table(
    "phone_freezes",
    metadata,
    Column("person", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("until", _AT, nullable=False),
)

tries = Table(
    "phone_tries",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("who", LargeBinary, primary_key=True),
    Column("tries", BigInteger, nullable=False),
    Column("ends_at", _AT, nullable=False),
    Index("ix_phone_tries_ends_at", "ends_at"),
)

user_codes = Table(
    "user_codes",
    metadata,
    Column("person", Text, primary_key=True),
    Column("hashed", Text, nullable=False),
    Column("set_at", _AT, nullable=False),
)

known_browsers = Table(
    "known_browsers",
    metadata,
    Column("person", Text, primary_key=True),
    Column("browser", Text, primary_key=True),
    Column("until", _AT, nullable=False),
    Index("ix_known_browsers_until", "until"),
)

otp_secrets = Table(
    "otp_secrets",
    metadata,
    Column("person", Text, primary_key=True),
    Column("login_name", LargeBinary, nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("created_at", _AT, nullable=False),
    Column("confirmed_at", _AT),
)
