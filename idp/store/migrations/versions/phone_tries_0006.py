"""What a phone's means were tried for, counted durably; when a passkey was first seen copied."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the table, add the column; counting begins anew."""
    op.create_table(
        "phone_tries",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("who", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "who", name="pk_phone_tries"),
    )
    op.create_index("ix_phone_tries_ends_at", "phone_tries", ["ends_at"])
    op.add_column("devices", sa.Column("suspected_at", sa.BigInteger(), nullable=True))
