"""The chain: how one row's digest is linked to all that came before it. Pure.

The link runs over digests, never over payloads, so a payload may be erased at the end of its
retention and the chain stays whole; whoever changes, removes or reorders a row breaks every link
after it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from idp.store.upkeep import AuditRow

GENESIS: Final = hashlib.sha256(b"sesame audit chain, version 1").digest()


def next_link(previous: bytes, *, sequence: int, row: AuditRow) -> bytes:
    """Give the 32-byte link of ``row`` at ``sequence`` after ``previous``."""
    return hashlib.sha256(
        b"\x00".join(
            (
                previous,
                sequence.to_bytes(8, "big"),
                row.id.encode("ascii"),
                row.stream.encode("ascii"),
                row.digest,
            )
        )
    ).digest()
