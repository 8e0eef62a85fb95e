"""The JWK set as clients fetch it (RFC 7517 section 5): bytes and ETag, prepared once a change."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from keys.algorithms import public_jwk

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from keys.algorithms import PublicKey

MEDIA_TYPE: Final = "application/jwk-set+json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """An answer that many will fetch.

    Attributes:
        body: the bytes to send.
        etag: the entity tag with its quotes (RFC 9110 section 8.8.3).
        max_age: how long a cache may keep it, in seconds.
    """

    body: bytes
    etag: str
    media_type: str
    max_age: int


def document(body: bytes, *, media_type: str, max_age: timedelta) -> Document:
    """Prepare bytes with the tag that follows from them."""
    return Document(
        body=body,
        etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        media_type=media_type,
        max_age=int(max_age.total_seconds()),
    )


def jwk_set(keys: Iterable[tuple[str, PublicKey]], *, max_age: timedelta) -> Document:
    """Prepare the set of (algorithm, public key), in the order given."""
    members = [public_jwk(algorithm, key) for algorithm, key in keys]
    body = json.dumps({"keys": members}, separators=(",", ":")).encode("ascii")
    return document(body, media_type=MEDIA_TYPE, max_age=max_age)
