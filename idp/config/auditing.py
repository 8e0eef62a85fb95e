"""The audit trail: how long what it tells is kept."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field


class Audit(BaseModel):
    """How long the audit trail tells what happened."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    retention: timedelta = Field(
        default=timedelta(days=3650),
        ge=timedelta(days=30),
        description="How long a row tells what happened and to whom. Then that is erased; when it "
        "was, of which stream, and its place in the chain stay, and the trail can still be "
        "verified.",
    )
