"""The Ephemeral store's promise: what it holds may vanish, or reappear, at any moment unharmed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Versioned:
    """A stored value and the version it must be swapped against."""

    value: bytes
    version: int


class Hints(Protocol):
    """What one process hears of ``Ephemeral.hint``; for one thread at a time."""

    def wait(self, seconds: float) -> Sequence[str] | None:
        """Give channels as soon as some were hinted, or none when ``seconds`` have passed.

        ``None``: hints may have been lost until now, so everything is to be read again. That is the
        first answer, when hearing has begun, and the first after every interruption.

        Raises:
            StoreUnavailable: nothing can be heard now; asking again tries again.
        """
        ...

    def close(self) -> None:
        """Stop hearing."""
        ...


class Ephemeral(Protocol):
    """Short-lived state. Keys are at most 200 ASCII characters, values at most 64 KiB.

    Every verb is one round trip with a short timeout and no retry, and raises
    ``StoreUnavailable`` when the store does not answer.
    """

    def put(self, key: str, value: bytes, *, lasts: timedelta) -> None:
        """Store, replacing, as version 1."""
        ...

    def get(self, key: str) -> Versioned | None: ...
    def take(self, key: str) -> bytes | None:
        """Give and delete in one step."""
        ...

    def swap(self, key: str, value: bytes, *, version: int, lasts: timedelta) -> None:
        """Replace if the stored version is ``version``. Raises: VersionConflict (also if gone)."""
        ...

    def bump(self, key: str, *, lasts: timedelta) -> int:
        """Count up from nothing, the first bump setting the life; give the new count."""
        ...

    def versions(self, keys: Sequence[str]) -> tuple[int | None, ...]:
        """Give the version of each, in order; ``None`` for what is not there or not alive."""
        ...

    def hint(self, channel: str) -> None:
        """Wake whoever waits for ``channel``; may be lost, truth is in the store.

        It never waits, but for the one round trip of a store that is elsewhere.
        """
        ...

    def listen(self) -> Hints:
        """Hear the hints of every process that shares the store, from the first ``wait`` on."""
        ...

    def generation(self) -> str:
        """Give a word that changes when the store lost or may have lost what it held."""
        ...

    def close(self) -> None: ...
