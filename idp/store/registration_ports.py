"""What the Ledger knows of registrations beside the clients: who may come by, and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from idp.domain.client import ClientId
    from idp.domain.invitation import Invitation


class Registrations(Protocol):
    """Places for clients that registered themselves, and the invitations to do it."""

    def invite(self, invitation: Invitation) -> None:
        """Keep an invitation. Raises: Duplicate."""
        ...

    def accept(self, digest: str, *, at: datetime) -> Invitation | None:
        """Use it once more, in one statement; ``None`` if it is unknown, used up or over."""
        ...

    def find(self, digest: str) -> Invitation | None:
        """Give one, to look at it; only ``accept`` uses it."""
        ...

    def invitations(self) -> Sequence[Invitation]:
        """Give every one that is kept, the newest first."""
        ...

    def withdraw(self, digest: str) -> bool:
        """Take one back; ``False`` if there was none. Who came by it stays."""
        ...

    def take_place(self, client_id: ClientId, *, until: datetime, most: int) -> bool:
        """Take one of ``most`` places, in one statement; ``False`` if none is free."""
        ...

    def prolong(self, client_id: ClientId, *, until: datetime) -> None:
        """Say anew how long a place is kept."""
        ...

    def leave(self, client_id: ClientId) -> None:
        """Free the place of a client that is taken out; who has none frees none."""
        ...

    def overdue(self, *, before: datetime, limit: int) -> Sequence[ClientId]:
        """Give the clients whose time was over before ``before``, the longest ago first."""
        ...


class Logos(Protocol):
    """The pictures of clients: files of our making, named by their SHA-256 (hexadecimal)."""

    def keep(self, client_id: ClientId, *, held: Collection[str], new: Mapping[str, bytes]) -> None:
        """Make ``held`` all that a client has; ``new`` gives the files that are not kept yet."""
        ...

    def get(self, digest: str) -> bytes | None:
        """Give a file, whosever it is."""
        ...
