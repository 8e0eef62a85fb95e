"""The Ledger as the phone sees it: a unit of work with its rows, its notes and its messages.

``mobile_flow.ports.PhoneLedger`` over ``Ledger``. A note becomes an audit row, a message a row of
the outbox, and what a consumed approval opened is ended here, because only the provider knows it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from idp.domain import audit_event
from idp.domain.person import PersonId
from idp.domain.session import SessionKey
from idp.store.pings import tell_answered
from mobile_flow.moves import LIVE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from idp.store.ports import Ledger, Unit
    from mobile_flow.model import Approval
    from mobile_flow.ports import Note, PhoneRows, PhoneUnit

SESSION: Final = "session:"
"""What an approval's ``effect`` begins with where it opened the session of the key that follows."""
_WHY: Final = "reported"
_PUSH: Final = "push"


class UnitOfThePhone:
    """``PhoneUnit`` over a unit of work."""

    __slots__ = ("_now", "_unit")

    def __init__(self, unit: Unit, *, now: Callable[[], datetime]) -> None:
        self._unit = unit
        self._now = now

    @property
    def phones(self) -> PhoneRows:
        """The rows."""
        return self._unit.phones

    def note(self, note: Note) -> None:
        """Record an audit row, at the time of now; who waits for a decision is told of it."""
        if note.facts.get("flow") == _PUSH and _answers(note):
            tell_answered(self._unit, note.facts["transaction"], at=self._now())
        self._unit.record(
            audit_event.of_the_phone(
                what=note.what, person=PersonId(note.person), at=self._now(), facts=note.facts
            )
        )

    def spend(self, kind: str, key: str, *, until: datetime) -> None:
        """Mark spent. Raises: AlreadySpent."""
        self._unit.spend(kind, key, until=until)

    def deliver(self, *, kind: str, body: bytes, due_at: datetime) -> None:
        """Put into the outbox; where it goes stands in the sealed body alone."""
        self._unit.outbox.add(kind=kind, destination="", body=body, due_at=due_at)

    def undo(self, approval: Approval, *, at: datetime) -> bool:
        """End the session that the approval opened, with every grant, offline ones too."""
        effect = approval.effect or ""
        if not effect.startswith(SESSION):
            return False
        key = SessionKey(effect.removeprefix(SESSION))
        if not self._unit.sessions.end(key, at=at, offline=True):
            return False
        self._unit.record(
            audit_event.session_ended(
                session=key, person=PersonId(approval.person), at=at, why=_WHY
            )
        )
        return True


def _answers(note: Note) -> bool:
    """Tell whether this is the first answer: a report may follow another, which was told then."""
    if note.what == "approval_reported":
        return note.facts["was"] in LIVE
    return note.what == "approval_decided"


class LedgerOfThePhone:
    """``PhoneLedger`` over the Ledger."""

    def __init__(self, ledger: Ledger, *, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._now = now

    @contextmanager
    def begin(self) -> Iterator[PhoneUnit]:
        """Open a writing unit. Raises: StoreUnavailable."""
        with self._ledger.begin() as unit:
            yield UnitOfThePhone(unit, now=self._now)

    @contextmanager
    def read(self) -> Iterator[PhoneUnit]:
        """Open a reading unit. Raises: StoreUnavailable."""
        with self._ledger.read() as unit:
            yield UnitOfThePhone(unit, now=self._now)
