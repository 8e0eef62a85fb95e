"""What the operator knows of networks: files that they are licensed for; we ship none."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic reads it at run time
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

_LARGEST: Final = 2**32 - 1
"""Numbers of autonomous systems have four bytes (RFC 6793)."""


class Networks(BaseModel):
    """Where addresses are, by files in the MaxMind DB format (extra `geo`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    countries: Path | None = Field(
        default=None,
        description="File (.mmdb) that gives the country of an address. A login whose browser is "
        "in another country than the phone is read for `phone.reading_time`. Absent: countries "
        "are not compared.",
    )
    asn: Path | None = Field(
        default=None,
        description="File (.mmdb) that gives the number of the autonomous system of an address; "
        "read where `hosting` names any.",
    )
    hosting: tuple[int, ...] = Field(
        default=(),
        description="Numbers of autonomous systems that no people browse from, such as those of "
        "hosting providers: their logins are read for `phone.reading_time`.",
    )

    @field_validator("hosting")
    @classmethod
    def _numbers(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not all(0 < number <= _LARGEST for number in value):
            raise ValueError("write numbers of autonomous systems, such as 64500")
        return value
