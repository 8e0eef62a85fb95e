"""What the Ephemeral store takes: short ASCII keys, values of at most 64 KiB, a life."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

_KEY: Final = 200
_VALUE: Final = 64 * 1024
_NOTHING: Final = timedelta(0)


def fitting(key: str, value: bytes = b"", *, lasts: timedelta | None = None) -> None:
    """Demand a key, value and life that every implementation takes. Raises: ValueError."""
    if not key or len(key) > _KEY or not key.isascii():
        raise ValueError("a key has 1 to 200 ASCII characters")
    if len(value) > _VALUE:
        raise ValueError("a value has at most 65536 bytes")
    if lasts is not None and lasts <= _NOTHING:
        raise ValueError("a life is longer than nothing")
