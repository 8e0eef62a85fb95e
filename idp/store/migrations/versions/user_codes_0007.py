"""Codes that citizens chose for requests behind the browser's back; browsers that they use."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "user_codes",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("hashed", sa.Text(), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_user_codes"),
    )
    op.create_table(
        "known_browsers",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("browser", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person", "browser", name="pk_known_browsers"),
    )
    op.create_index("ix_known_browsers_until", "known_browsers", ["until"])
