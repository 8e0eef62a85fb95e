"""How a client came here by itself, and what it proves itself by when it changes (RFC 7592)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Of a client that no operator registered.

    Attributes:
        invitation: the reference of the invitation it came by; ``None`` where everybody may come.
        token: the SHA-256 of its registration access token (hexadecimal).
        ends: the end that it was last given for coming here; where its registration has another
            one, an operator set that.
    """

    invitation: str | None
    token: str = field(repr=False)
    ends: datetime | None = None
