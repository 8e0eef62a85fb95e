"""Times as both dialects keep them: whole microseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, overload

_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)


@overload
def micros(at: datetime) -> int: ...
@overload
def micros(at: None) -> None: ...
def micros(at: datetime | None) -> int | None:
    """Give an aware time as microseconds."""
    return None if at is None else (at - _START) // _TICK


@overload
def moment(ticks: int) -> datetime: ...
@overload
def moment(ticks: None) -> None: ...
def moment(ticks: int | None) -> datetime | None:
    """Give microseconds as an aware UTC time."""
    return None if ticks is None else _START + timedelta(microseconds=ticks)
