"""Secrets of clients: 256 random bits, shown once, of which only the SHA-256 is kept.

No slow hash is needed: what nobody can guess needs no stretching.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from idp.domain.client import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_BYTES: Final = 32
_REFERENCE: Final = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Minted:
    """A new secret: ``text`` for the client, once; ``kept`` for the registration."""

    text: str = field(repr=False)
    kept: Secret


def mint(*, entropy: Callable[[int], bytes], expires_at: datetime) -> Minted:
    """Make a secret of 43 characters that need no encoding in HTTP Basic (RFC 6749 2.3.1)."""
    text = urlsafe_b64encode(entropy(_BYTES)).rstrip(b"=").decode("ascii")
    digest = hashlib.sha256(text.encode("ascii")).hexdigest()
    return Minted(text=text, kept=Secret(digest=digest, expires_at=expires_at))


def reference(secret: Secret) -> str:
    """Give the name by which an operator speaks of a secret: the begin of its digest."""
    return secret.digest[:_REFERENCE]
