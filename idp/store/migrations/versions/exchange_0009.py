"""Access tokens that came by exchange: from which one, and who acts with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column; what was issued before came from a login."""
    op.add_column("access_tokens", sa.Column("delegation", sa.Text(), nullable=True))
