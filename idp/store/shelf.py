"""The typed face of the Ephemeral store: keys hashed, values sealed, each with its own end.

The end stands inside the seal and is judged by the given clock, so a value that a failover brought
back after its time is as gone as one that was lost. So is one that no longer opens.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from idp.store.encoding import Encoding
from idp.store.ports import Tampered
from idp.store.sealing import seal, unseal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta
    from typing import Any

    from idp.store.ports import Vault
    from idp.store.short_lived import Ephemeral

_T = TypeVar("_T")
_SEALED_FOR: Final = "ephemeral"
_END_BYTES: Final = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Held(Generic[_T]):
    """A value and the version to swap it against."""

    value: _T
    version: int


def place(purpose: str, key: str) -> str:
    """Give where the thing of a kind stands: a name that tells nothing of its key."""
    digest = hashlib.sha256(f"{purpose}\x00{key}".encode()).hexdigest()
    return f"{purpose}:{digest}"


class Shelf(Generic[_T]):
    """One kind of short-lived thing. ``lasts`` is its life unless a verb is given another."""

    def __init__(
        self,
        ephemeral: Ephemeral,
        vault: Vault,
        purpose: str,
        shape: Any,  # noqa: ANN401 - a type form such as tuple[str, ...]
        *,
        lasts: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        """Take ``shape``, the type of the values, and ``purpose``, a short name of the kind."""
        self._ephemeral = ephemeral
        self._vault = vault
        self._purpose = purpose
        self._encoding: Encoding[_T] = Encoding(shape)
        self._lasts = lasts
        self._now = now

    def put(self, key: str, value: _T, *, lasts: timedelta | None = None) -> None:
        """Store, replacing, as version 1. Raises: StoreUnavailable."""
        life = lasts or self._lasts
        where = self._key(key)
        self._ephemeral.put(where, self._seal(where, value, life), lasts=life)

    def get(self, key: str) -> Held[_T] | None:
        """Read. Raises: StoreUnavailable."""
        where = self._key(key)
        found = self._ephemeral.get(where)
        opened = None if found is None else self._open(where, found.value)
        if found is None or opened is None:
            return None
        return Held(value=opened[0], version=found.version)

    def take(self, key: str) -> _T | None:
        """Give to exactly one caller, and delete. Raises: StoreUnavailable."""
        where = self._key(key)
        found = self._ephemeral.take(where)
        opened = None if found is None else self._open(where, found)
        return None if opened is None else opened[0]

    def swap(self, key: str, value: _T, *, version: int, lasts: timedelta | None = None) -> None:
        """Replace a known version; its life starts again.

        Raises:
            VersionConflict: somebody else moved it, or it is gone.
            StoreUnavailable: no answer, and the swap may have happened.
        """
        life = lasts or self._lasts
        where = self._key(key)
        self._ephemeral.swap(where, self._seal(where, value, life), version=version, lasts=life)

    def bump(self, key: str) -> int:
        """Count up; the first bump starts a life. Raises: StoreUnavailable."""
        return self._ephemeral.bump(self._key(key), lasts=self._lasts)

    def versions(self, keys: Sequence[str]) -> tuple[int | None, ...]:
        """Give the version of each without opening any: a changed one is worth a look, no more.

        Raises:
            StoreUnavailable: no answer.
        """
        return self._ephemeral.versions([self._key(key) for key in keys])

    def _key(self, key: str) -> str:
        return place(self._purpose, key)

    def _seal(self, where: str, value: _T, life: timedelta) -> bytes:
        ends = round((self._now() + life).timestamp() * 1000).to_bytes(_END_BYTES, "big")
        return seal(self._vault, _SEALED_FOR, (where,), ends + self._encoding.encode(value))

    def _open(self, where: str, sealed: bytes) -> tuple[_T] | None:
        """Give the value in a tuple of one, because a value may be ``None`` itself."""
        try:
            plain = unseal(self._vault, _SEALED_FOR, (where,), sealed)
            ends = int.from_bytes(plain[:_END_BYTES], "big")
            if self._now().timestamp() * 1000 >= ends:
                return None
            return (self._encoding.decode(plain[_END_BYTES:]),)
        except Tampered:
            return None
