"""How verification reaches the outside world: one call, answered by whoever assembles us."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol


class Sink(Protocol):
    """Where a long body goes, piece by piece."""

    def write(self, piece: bytes, /) -> object:
        """Take the next bytes."""
        ...


class FetchFailed(Exception):
    """No answer came: refused target, no connection, too slow, too large."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchRequest:
    """One call.

    Attributes:
        url: always one from the trust configuration, never one found in a certificate alone.
        body: with ``content_type``, for POST only.
        accept: the media type wanted.
        seconds: total deadline of the call, name look-up to last byte.
        limit: largest body taken, in bytes.
        into: where the body goes as it comes, for one too long to be held while it does; the
            answer's own is then empty. After a failure it holds whatever came until then.
    """

    method: Literal["GET", "POST"]
    url: str
    body: bytes | None = None
    content_type: str | None = None
    accept: str
    seconds: float
    limit: int
    into: Sink | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchAnswer:
    """What came back: any status, the media type without parameters, the body."""

    status: int
    media_type: str
    body: bytes


class Fetch(Protocol):
    """Makes one guarded call: no redirects, no credentials.

    Raises:
        FetchFailed: there is no answer, whatever the reason.
    """

    def __call__(self, request: FetchRequest, /) -> FetchAnswer:
        """Make the call within its deadline and its limit."""
        ...
