"""The storage of the keys' unit tests: rows in memory, which a test may change behind the ring."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from keys.errors import RecordsUnavailable, RingMoved, VaultFounded
from keys.ports import Snapshot
from keys.ring import KeyRing
from keys.states import RingPolicy
from keys.store import SealedVault

if TYPE_CHECKING:
    from keys.ports import RingChange, RootRecord

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ME = "operator:an"


class RootInMemory:
    def __init__(self) -> None:
        self.held: RootRecord | None = None
        self.sealed_rows = False

    def root(self) -> RootRecord | None:
        return self.held

    def add_root(self, record: RootRecord) -> None:
        if self.held is not None:
            raise VaultFounded
        self.held = record

    def anything_sealed(self) -> bool:
        return self.sealed_rows


class RingInMemory:
    def __init__(self) -> None:
        self.held = Snapshot(generation=0, seal=b"", keys=())
        self.away = False
        self.asked: list[str] = []
        self.changes: list[RingChange] = []

    def generation(self) -> int:
        self._answer("generation")
        return self.held.generation

    def snapshot(self) -> Snapshot:
        self._answer("snapshot")
        return self.held

    def commit(self, change: RingChange) -> None:
        self._answer("commit")
        if change.expected != self.held.generation:
            raise RingMoved
        names = {key.kid for key in change.keys}
        kept = [key for key in self.held.keys if key.kid not in names]
        self.held = Snapshot(
            generation=change.generation, seal=change.seal, keys=(*kept, *change.keys)
        )
        self.changes.append(change)

    def _answer(self, verb: str) -> None:
        self.asked.append(verb)
        if self.away:
            raise RecordsUnavailable


class Clocks:
    """A wall clock and a monotonic one that move together, by hand."""

    def __init__(self) -> None:
        self.at = START
        self.seconds = 1000.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds

    def move(self, by: timedelta) -> None:
        self.at += by
        self.seconds += by.total_seconds()


def a_policy(*algorithms: str) -> RingPolicy:
    return RingPolicy(
        algorithms=algorithms or ("ES256",),
        announce=15 * MINUTE,
        signing=timedelta(days=90),
        retiring=11 * MINUTE,
        jwks_max_age=5 * MINUTE,
        reread=timedelta(seconds=5),
    )


def a_vault(root: bytes = bytes(32)) -> SealedVault:
    return SealedVault(root, entropy=secrets.token_bytes)


def a_ring(
    rows: RingInMemory, clocks: Clocks, *algorithms: str, vault: SealedVault | None = None
) -> KeyRing:
    return KeyRing(
        rows,
        vault or a_vault(),
        a_policy(*algorithms),
        now=clocks.now,
        monotonic=clocks.monotonic,
    )
