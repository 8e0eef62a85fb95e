"""What every verb of approving stands on: the stores, the clock, and one way to change a row.

A change reads the row, decides by pure moves, and writes by compare-and-set; whoever loses reads
again and decides anew, so what was decided never rests on a state that was gone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from mobile_flow import moves, notify
from mobile_flow.errors import (
    ApprovalMoving,
    ApprovalUnknown,
    DeviceBusy,
    DeviceRemoved,
    PhoneFrozen,
    TooManyApprovals,
)
from mobile_flow.limits import Limits, origin
from mobile_flow.model import ApprovalState
from mobile_flow.ports import Note, PhoneLedger, Starts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mobile_flow.model import Approval, ApprovalId, Credential, Device, PersonRef
    from mobile_flow.ports import PhoneUnit

MOBILE: Final = "mobile"
PUSH: Final = "push"
"""The kinds of freezes: approving by phone at all; being asked by push."""
ORIGIN: Final = "origin"
"""The kind of freeze of a browser or a network from which a login came that was reported."""

_ROUNDS: Final = 5
_CLAIMED: Final = frozenset({ApprovalState.CLAIMED, ApprovalState.MATCHED})
_APPROVED: Final = (ApprovalState.APPROVED.value, ApprovalState.CONSUMED.value)


class Assertions(Protocol):
    """Asks for and verifies WebAuthn assertions; ``mobile_flow.device_keys`` does."""

    def request_options(
        self, devices: Sequence[Device] | None, *, challenge: bytes
    ) -> Mapping[str, object]:
        """Give what ``navigator.credentials.get`` takes, as JSON says it."""
        ...

    def verify_assertion(self, response: str, *, challenge: bytes, device: Device) -> Credential:
        """Give the device's credential with its new counter and BS. Raises: CredentialRefused."""
        ...


def nowhere(address: str) -> None:
    """Know the country of no address."""
    del address


class _LostRace(Exception):
    """Somebody moved the row between our reading and our writing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """The tools of one process; safe in threads.

    Attributes:
        host: our host as frames name it, with its port if any.
        wake: told the transaction whose approval moved, after the commit; may be lost.
        country: two letters for the country of an address, ``None`` where it is not known.
    """

    ledger: PhoneLedger
    starts: Starts
    keys: Assertions
    issuer: str
    host: str
    now: Callable[[], datetime]
    entropy: Callable[[int], bytes]
    wake: Callable[[str], None]
    limits: Limits
    country: Callable[[str], str | None] = nowhere

    def change(
        self, approval_id: ApprovalId, decide: Callable[[PhoneUnit, Approval], Approval]
    ) -> Approval:
        """Move an approval once, with what ``decide`` notes in the same commit, and wake.

        Args:
            approval_id: which.
            decide: gives the moved approval, or the one it was given where nothing is to change;
                called again with the newer one if somebody else was first.

        Raises:
            ApprovalUnknown: there is none.
            PhoneError: whatever ``decide`` refuses with.
        """
        for _ in range(_ROUNDS):
            try:
                moved, changed = self._attempt(approval_id, decide)
            except _LostRace:
                continue
            if changed:
                self.wake(moved.transaction)
            return moved
        raise ApprovalMoving("lost too many races")

    def _attempt(
        self, approval_id: ApprovalId, decide: Callable[[PhoneUnit, Approval], Approval]
    ) -> tuple[Approval, bool]:
        with self.ledger.begin() as unit:
            stored = unit.phones.approval(approval_id)
            if stored is None:
                raise ApprovalUnknown("no such approval")
            moved = decide(unit, moves.settled(stored, self.now()))
            changed = moved.version != stored.version
            if changed and not unit.phones.move_approval(moved, version=stored.version):
                raise _LostRace
        return moved, changed

    def read(self, approval_id: ApprovalId) -> Approval:
        """Give an approval as it stands now. Raises: ApprovalUnknown."""
        with self.ledger.read() as unit:
            found = unit.phones.approval(approval_id)
        if found is None:
            raise ApprovalUnknown("no such approval")
        return moves.settled(found, self.now())


def live_device(unit: PhoneUnit, device: Device) -> Device:
    """Give the phone as the store knows it now. Raises: DeviceRemoved."""
    found = unit.phones.device(device.id)
    if found is None or found.removed_at is not None or found.person != device.person:
        raise DeviceRemoved("the phone was removed")
    return found


def demand_idle(unit: PhoneUnit, device: Device, approval_id: ApprovalId, *, now: datetime) -> None:
    """Let no phone through that answers something else. Raises: DeviceBusy."""
    busy = answering(unit, device, now=now)
    if busy is not None and busy.id != approval_id:
        raise DeviceBusy(busy.id)


def answering(unit: PhoneUnit, device: Device, *, now: datetime) -> Approval | None:
    """Give what this phone claimed and has not decided."""
    live = unit.phones.live_approvals(device.person, at=now)
    return next((one for one in live if one.device == device.id and one.state in _CLAIMED), None)


def demand_thawed(unit: PhoneUnit, person: PersonRef, *, kind: str, now: datetime) -> None:
    """Let nobody through who is frozen. Raises: PhoneFrozen."""
    until = unit.phones.frozen_until(person, kind=kind)
    if until is not None and now < until:
        raise PhoneFrozen(until)


def demand_few(unit: PhoneUnit, person: PersonRef, *, limits: Limits, now: datetime) -> None:
    """Let nobody approve like a machine. Raises: TooManyApprovals."""
    since = now - limits.approvals_window
    if (
        unit.phones.count_approvals(person, since=since, states=_APPROVED)
        >= limits.approvals_per_person
    ):
        raise TooManyApprovals("too many within the window", wait=limits.approvals_window)


def note(unit: PhoneUnit, what: str, approval: Approval, **facts: str) -> None:
    """Record what happened to an approval: its identifiers and states, nothing that was shown."""
    known = {
        "approval": approval.id,
        "client": approval.shown.client_id,
        "flow": approval.kind.value,
        "device": approval.device or "",
        "transaction": approval.transaction,
    }
    unit.note(Note(what=what, person=approval.person, facts={**known, **facts}))


def slow_origin(unit: PhoneUnit, approval: Approval, desk: Desk) -> None:
    """Slow down where a login came from that its person says was not theirs, for a while.

    Its browser shows no code, its network few; the browser is not known to the person any more.
    """
    if not approval.browser:
        return
    until = desk.now() + desk.limits.origin_slow
    unit.phones.forget_browser(approval.person, approval.browser)
    unit.phones.freeze(origin(approval.browser), kind=ORIGIN, until=until)
    if approval.origin is not None:
        unit.phones.freeze(approval.origin, kind=ORIGIN, until=until)


def notice_all(unit: PhoneUnit, person: PersonRef, desk: Desk) -> None:
    """Have every phone of a person told that something happened to the account."""
    notify.notice(unit, unit.phones.devices(person), now=desk.now(), entropy=desk.entropy)
