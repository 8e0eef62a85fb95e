"""Request objects (OpenID Connect Core 6): what is taken beside those that are signed and sent."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Requests(BaseModel):
    """Request objects beyond RFC 9101: the environment `conformance` has all three."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by_reference: bool = Field(
        default=False,
        description="Fetch request objects by a `request_uri` that the client registered (OpenID "
        "Connect Core 6.2). Whoever opens a link then makes this server call that address.",
    )
    rs256: bool = Field(
        default=False,
        description="Take request objects signed with RS256 too; never of the profile `fapi2`.",
    )
    unsigned: bool = Field(
        default=False,
        description="Take unsigned request objects (`alg` `none`) of clients that registered them; "
        "they prove nothing. Never of the profiles `fapi2` and `fas`.",
    )
