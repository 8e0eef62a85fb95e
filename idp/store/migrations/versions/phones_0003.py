"""Phones: user handles, devices, enrolments, approvals, freezes, one-time passwords."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables of the phone."""
    _devices()
    _enrolments()
    _approvals()
    op.create_table(
        "otp_secrets",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("login_name", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("person", name="pk_otp_secrets"),
        sa.UniqueConstraint("login_name", name="uq_otp_secrets_login_name"),
    )


def _devices() -> None:
    op.create_table(
        "phone_relying_party",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rp_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_phone_relying_party"),
    )
    op.create_table(
        "phone_handles",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("handle", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_phone_handles"),
    )
    op.create_table(
        "devices",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("device_key", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("push", sa.LargeBinary(), nullable=True),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("enrolled_at", sa.BigInteger(), nullable=False),
        sa.Column("high_from", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
        sa.UniqueConstraint("credential", name="uq_devices_credential"),
        sa.UniqueConstraint("device_key", name="uq_devices_device_key"),
    )
    op.create_index("ix_devices_person", "devices", ["person"])
    op.create_table(
        "phone_freezes",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person", "kind", name="pk_phone_freezes"),
    )


def _enrolments() -> None:
    op.create_table(
        "enrolments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_enrolments"),
        sa.UniqueConstraint("code", name="uq_enrolments_code"),
    )
    op.create_index("ix_enrolments_person", "enrolments", ["person"])
    op.create_index("ix_enrolments_expires_at", "enrolments", ["expires_at"])


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_approvals"),
    )
    op.create_index("ix_approvals_login", "approvals", ["login"])
    op.create_index("ix_approvals_person", "approvals", ["person", "opened_at"])
    op.create_index("ix_approvals_expires_at", "approvals", ["expires_at"])
