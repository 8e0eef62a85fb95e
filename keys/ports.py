"""What the keys ask of storage: one root row, one ring of key rows under a generation.

Storage keeps and compares; it understands nothing. What is secret in a row arrives sealed, and the
ring's own seal covers every row, so storage can lose or change a key but not unnoticed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class State(StrEnum):
    """The life of a signing key, in this order and never back."""

    ANNOUNCED = "announced"
    SIGNING = "signing"
    RETIRING = "retiring"
    RETIRED = "retired"


@dataclass(frozen=True, kw_only=True, slots=True)
class RootRecord:
    """The root secret, sealed under the key-encryption key of this ``version``."""

    id: str
    version: int
    sealed: bytes = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRecord:
    """One key of the ring. Each time is when the state of that name began, if it did.

    Attributes:
        sealed: PKCS #8 while the key may still sign, from ``retiring`` on only the public half.
        generation: of the ring when this row last changed.
    """

    kid: str
    algorithm: str
    state: State
    announced_at: datetime
    signing_at: datetime | None = None
    retiring_at: datetime | None = None
    retired_at: datetime | None = None
    generation: int = 0
    sealed: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """The whole ring as it stood at one moment; ``seal`` is the MAC over all the rest."""

    generation: int
    seal: bytes
    keys: tuple[KeyRecord, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """One key entered one state: what an operator reads and the audit trail keeps."""

    kid: str
    algorithm: str
    state: State


@dataclass(frozen=True, kw_only=True, slots=True)
class RingChange:
    """From one generation to the next: the rows to insert or replace, and what they mean.

    Attributes:
        by: who does it, as the audit trail will name them.
    """

    expected: int
    generation: int
    seal: bytes
    keys: tuple[KeyRecord, ...]
    moves: tuple[Move, ...]
    at: datetime
    by: str


class RootRecords(Protocol):
    """The root row, readable before any vault exists."""

    def root(self) -> RootRecord | None:
        """Give the root, if there is one. Raises: RecordsUnavailable."""
        ...

    def add_root(self, record: RootRecord) -> None:
        """Insert the one root. Raises: VaultFounded, RecordsUnavailable."""
        ...

    def anything_sealed(self) -> bool:
        """Tell whether any row of the deployment needs a root to be read."""
        ...


class RingRecords(Protocol):
    """The ring, each verb a unit of its own."""

    def generation(self) -> int:
        """Give the generation alone: the cheap question. Raises: RecordsUnavailable."""
        ...

    def snapshot(self) -> Snapshot:
        """Give the ring as it stood at one moment. Raises: RecordsUnavailable."""
        ...

    def commit(self, change: RingChange) -> None:
        """Write everything with its audit rows, or nothing.

        Raises:
            RingMoved: the stored generation is not ``change.expected``.
            RecordsUnavailable: the storage did not answer; whether it wrote is not known.
        """
        ...


class KeyRows(Protocol):
    """Root and ring inside a unit of work that somebody else opened: the repository."""

    def root(self) -> RootRecord | None:
        """Give the root, if there is one."""
        ...

    def add_root(self, record: RootRecord) -> None:
        """Insert the one root. Raises: VaultFounded."""
        ...

    def generation(self) -> int:
        """Give the generation."""
        ...

    def snapshot(self) -> Snapshot:
        """Give the ring in one statement."""
        ...

    def write(
        self, keys: Sequence[KeyRecord], *, expected: int, generation: int, seal: bytes
    ) -> None:
        """Insert or replace rows if the generation is ``expected``. Raises: RingMoved."""
        ...
