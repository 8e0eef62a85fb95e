"""Requests behind the browser's back (CIBA): accepted, answered, redeemed once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "backchannel_requests",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("approval", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("redeemed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("hash", name="pk_backchannel_requests"),
    )
    op.create_index("ix_backchannel_requests_approval", "backchannel_requests", ["approval"])
    op.create_index("ix_backchannel_requests_expires_at", "backchannel_requests", ["expires_at"])
