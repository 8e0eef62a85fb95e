"""The tables beside the clients: invitations, places that are taken, and pictures."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table, Text

from idp.store.sql.schema import metadata

invitations: Final = Table(
    "invitations",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("most", BigInteger, nullable=False),
    Column("used", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("by", Text, nullable=False),
    Column("note", Text, nullable=False),
)

own_clients: Final = Table(
    "own_clients",
    metadata,
    Column("client", Text, primary_key=True),
    Column("until", BigInteger, nullable=False, index=True),
)

places: Final = Table(
    "places",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("taken", BigInteger, nullable=False),
)
"""One row: how many of ``own_clients`` there are, so that one statement judges the bound."""

logos: Final = Table(
    "logos",
    metadata,
    Column("client", Text, primary_key=True),
    Column("digest", Text, primary_key=True, index=True),
    Column("body", LargeBinary, nullable=False),
)
