"""The only reader of the clock and of randomness; everything else is given these as callables.

In the ``test`` environment every role adds a shared offset, kept in one small file that the test
moves or stops, so that a story of ten hours runs without sleeping. Any other environment refuses
one.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def system_now() -> datetime:
    """Give the wall clock as an aware UTC time."""
    return datetime.now(UTC)


def system_monotonic() -> float:
    """Give seconds on a clock that never jumps, for durations and deadlines."""
    return time.monotonic()


def system_entropy(size: int) -> bytes:
    """Give ``size`` bytes from the operating system's generator."""
    return os.urandom(size)


def shifted_now(offset_file: Path) -> Callable[[], datetime]:
    """Give a clock that adds the seconds written in ``offset_file`` (absent or empty: none).

    A file that begins with ``@`` stops it: the seconds after that are the time (POSIX), until the
    file says otherwise.
    """

    def now() -> datetime:
        try:
            written = offset_file.read_text(encoding="ascii")
        except FileNotFoundError:
            written = ""
        if written.startswith("@"):
            return datetime.fromtimestamp(float(written[1:]), UTC)
        seconds = float(written or 0)
        return datetime.now(UTC) + timedelta(seconds=seconds)

    return now
