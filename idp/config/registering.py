"""Registration by the e-services themselves (RFC 7591): whether, for whom, how many, how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Registration(BaseModel):
    """Registration by the e-services themselves, at `/register`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["off", "token", "open"] = Field(
        default="off",
        description="`off`: operators register clients. `token`: so does whoever was invited "
        "(`sesame clients invite`). `open`: unsafe, everybody does; refused in production.",
    )
    most: int = Field(
        default=1000, ge=1, description="Clients that registered themselves, at one time."
    )
    lasts: timedelta = Field(
        default=timedelta(days=365),
        ge=timedelta(minutes=1),
        description="How long such a registration and its secret are good for; each update by "
        "the client begins it anew, unless an operator set another end.",
    )
    per_hour: int = Field(
        default=20,
        ge=0,
        description="Registrations and changes from one client address (IPv6: one /64) in an "
        "hour; 0 for any number.",
    )
    logos: Literal["none", "operators", "invited", "everybody"] = Field(
        default="operators",
        description="Whose `logo_uri` is fetched and shown where people log in. `operators`: "
        "of clients that an operator registered; `invited`: also of those that were invited; "
        "`everybody`: also of those that nobody vouches for. A logo of somebody else misleads.",
    )
