"""Keys that tokens are bound to: a thumbprint beside access tokens and refresh families."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns; what was issued before is bound to no key."""
    op.add_column("access_tokens", sa.Column("key", sa.Text(), nullable=True))
    op.add_column("families", sa.Column("key", sa.Text(), nullable=True))
