"""Browsers that wait for a phone: who holds them, where, and how many."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field


class Waiting(BaseModel):
    """Browsers that wait for a phone, and the role `sesame wait` that holds them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str | None = Field(
        default=None,
        description="Where pages reach `sesame wait`: the issuer, behind a proxy that sends /wait/ "
        "there, or another port of its host. Absent: there is no such role, and pages ask.",
    )
    host: str = Field(default="127.0.0.1", description="Address of the role's listener.")
    port: int = Field(default=8404, ge=1, le=65535, description="Port of the role's listener.")
    health_port: int = Field(
        default=8410, ge=1, le=65535, description="Loopback-only port of its /live and /ready."
    )
    most: int = Field(
        default=16_000, ge=1, le=1_000_000, description="Browsers that one process holds at most."
    )
    per_address: int = Field(
        default=256, ge=1, description="Of these, from one client address (IPv6: one /64)."
    )
    poll: timedelta = Field(
        default=timedelta(seconds=2), description="How often a page asks that nobody wakes."
    )
