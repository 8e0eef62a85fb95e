"""An operator's word that e-services may register themselves (RFC 7591 3, initial token)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Invitation:
    """One invitation.

    Attributes:
        digest: the SHA-256 of its initial access token (hexadecimal), which nobody keeps.
        most: how many clients may come by it.
        used: how many have come.
        by: who made it.
        note: whom it is for, in the operator's words.
    """

    digest: str = field(repr=False)
    most: int
    used: int = 0
    created_at: datetime
    expires_at: datetime
    by: str
    note: str = ""

    @property
    def reference(self) -> str:
        """The name by which operators and audit rows speak of it: the begin of its digest."""
        return self.digest[:12]
