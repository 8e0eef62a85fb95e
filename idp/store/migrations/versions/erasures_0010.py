"""How far the audit trail was erased at the end of its retention."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the table; nothing was erased before."""
    op.create_table(
        "audit_erasures",
        sa.Column("through", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("through", name="pk_audit_erasures"),
    )
