"""How a client sends its requests as objects (OpenID Connect Core 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

UNSIGNED: Final = "none"
"""The algorithm of an object that nobody signed (RFC 7518 section 3.6)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectUse:
    """What was registered.

    Attributes:
        algorithm: the only one that its objects may have (``request_object_signing_alg``);
            ``None`` for any that is on offer and signs.
        uris: where its objects may be fetched (``request_uris``), compared exactly. A fragment is
            the SHA-256 of what is there, base64url.
    """

    algorithm: str | None = None
    uris: tuple[str, ...] = ()


NO_OBJECT: Final = ObjectUse()
