"""Who answers: the first phone that read the code, or that opened what was pushed to its person."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mobile_flow import moves, notify, qr
from mobile_flow.desk import (
    MOBILE,
    PUSH,
    answering,
    demand_few,
    demand_idle,
    demand_thawed,
    live_device,
    note,
)
from mobile_flow.errors import (
    ApprovalUnknown,
    FrameForged,
    FrameUnreadable,
    InUse,
    SameDevice,
    StartGone,
    TooManyTries,
)
from mobile_flow.limits import MINUTE
from mobile_flow.model import Approval, ApprovalState, FlowKind

if TYPE_CHECKING:
    from datetime import datetime

    from mobile_flow.desk import Desk
    from mobile_flow.model import ApprovalId, Device, PersonRef, Shown, Start
    from mobile_flow.ports import PhoneUnit

_RANDOM_BYTES: Final = 32
_LONGEST_CODE: Final = 32
_FORGERIES_LAST: Final = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """What this phone answers now, as it may know it; the same for a claim that is sent again."""

    approval: Approval


class Claims:
    """What makes an approval some phone's own."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def claim(
        self, device: Device, text_or_code: str, *, browser: str = "", address: str = ""
    ) -> Claimed:
        """Claim what a phone scanned or somebody typed on it.

        ``browser`` is the hash of the cookie by which the app's browser is known to login pages;
        empty where it has none. ``address`` is the phone's; only its country is looked at.

        Raises:
            SameDevice: a phone's own browser shows the code; it is not claimed.
            TooManyTries: this phone sends codes too fast.
            FrameUnreadable, FrameForged, FrameStale: it is no code of ours, or not one of now.
            StartGone: nobody waits for it any more.
            InUse: another phone was first.
            DeviceBusy, DeviceRemoved, PhoneFrozen, TooManyApprovals: this phone may not, now.
            ApprovalExpired, ApprovalCancelled…: this phone claimed it before, and it is over.
        """
        desk = self._desk
        tries = desk.starts.bump(f"claims:{device.id}", lasts=MINUTE)
        if tries > desk.limits.tries_per_device:
            raise TooManyTries("too many claims by one phone", wait=MINUTE)
        if len(text_or_code) <= _LONGEST_CODE:
            return self._by_code(device, qr.read_code(text_or_code), browser, address)
        scanned = qr.read(text_or_code)
        if scanned.host != desk.host.upper():
            raise FrameUnreadable("of another host")
        start = desk.starts.get(scanned.start)
        if start is None:
            return self._late(device, scanned.start)
        try:
            qr.check(start, scanned, now=desk.now())
        except FrameForged:
            self._count_forgery(start)
            raise
        return self._insert(device, start, browser, address)

    def ask(
        self,
        unit: PhoneUnit,
        person: PersonRef,
        *,
        shown: Shown,
        transaction: str,
        expires_at: datetime,
    ) -> Approval:
        """Ask a person on all of their phones, in the provider's own unit of work.

        Whether anybody may be asked is the caller's to decide first; what is refused here must not
        be seen by who asks.

        Args:
            unit: the provider's, that records the request.
            person: whom.
            shown: what their phone will show.
            transaction: the provider's word for what waits.
            expires_at: when the question ends.

        Raises:
            PhoneFrozen: this person is not to be asked now.
        """
        now = self._desk.now()
        demand_thawed(unit, person, kind=PUSH, now=now)
        demand_thawed(unit, person, kind=MOBILE, now=now)
        approval = Approval(
            id=qr.new_start_id(self._desk.entropy),
            kind=FlowKind.PUSH,
            person=person,
            device=None,
            transaction=transaction,
            browser="",
            shown=shown,
            state=ApprovalState.PENDING,
            random=self._desk.entropy(_RANDOM_BYTES),
            opened_at=now,
            expires_at=min(expires_at, now + self._desk.limits.hard_end),
        )
        unit.phones.add_approval(approval)
        note(unit, "approval_asked", approval)
        phones, until = unit.phones.devices(person), approval.expires_at
        notify.wake(unit, phones, subject=approval.id, until=until, now=now)
        return approval

    def _by_code(self, device: Device, code: str, browser: str, address: str) -> Claimed:
        start = self._desk.starts.by_code(code)
        if start is None or start.code != code or self._desk.now() >= start.expires_at:
            return self._again_by_code(device)
        return self._insert(device, start, browser, address)

    def _again_by_code(self, device: Device) -> Claimed:
        # A claimed code is forgotten; what a phone sends again names what it is answering.
        with self._desk.ledger.read() as unit:
            found = answering(unit, device, now=self._desk.now())
        if found is not None and found.kind is FlowKind.STATIC:
            return Claimed(approval=moves.for_phone(found))
        raise StartGone("no such code now")

    def _insert(self, device: Device, start: Start, browser: str, address: str) -> Claimed:
        desk = self._desk
        # A laptop that plays both parts is let be: there the code is no way around anything.
        if start.handheld and hmac.compare_digest(start.browser, browser):
            raise SameDevice("the code is shown on the phone itself")
        approval = moves.claim(
            start,
            device,
            number=_number(desk.entropy(4)),
            random=desk.entropy(_RANDOM_BYTES),
            now=desk.now(),
            limits=desk.limits,
        )
        approval = replace(approval, abroad=self._is_abroad(start, address))
        with desk.ledger.begin() as unit:
            self._demand_may_claim(unit, device, start.id)
            slow = self._is_slow(unit, device, start, abroad=approval.abroad)
            approval = replace(approval, slow=slow)
            first = unit.phones.add_approval(approval)
            if first:
                note(unit, "approval_claimed", approval)
        if not first:
            return self._late(device, start.id)
        desk.starts.drop(start.id)
        desk.wake(approval.transaction)
        return Claimed(approval=moves.for_phone(approval))

    def _demand_may_claim(self, unit: PhoneUnit, device: Device, start: ApprovalId) -> None:
        now = self._desk.now()
        unit.phones.hold(device.person)
        live_device(unit, device)
        demand_thawed(unit, device.person, kind=MOBILE, now=now)
        demand_few(unit, device.person, limits=self._desk.limits, now=now)
        demand_idle(unit, device, start, now=now)

    def _is_abroad(self, start: Start, address: str) -> bool:
        """Tell whether browser and phone are in two countries; what is unknown is in none."""
        if start.country is None:
            return False
        here = self._desk.country(address)
        return here is not None and here != start.country

    def _is_slow(self, unit: PhoneUnit, device: Device, start: Start, *, abroad: bool) -> bool:
        """Tell whether the person is to read for a while before they approve (rule R5)."""
        if not self._desk.limits.reading:
            return False
        now = self._desk.now()
        known = unit.phones.knows_browser(device.person, start.browser, at=now)
        return start.suspect or abroad or not known

    def _late(self, device: Device, start: ApprovalId) -> Claimed:
        """Answer for a start that is not there any more: it was claimed, or it ended."""
        try:
            found = self._desk.read(start)
        except ApprovalUnknown:
            raise StartGone("no such start now") from None
        if found.device == device.id:
            moves.demand(found, *moves.LIVE)
            return Claimed(approval=moves.for_phone(found))
        if found.state in moves.UNDECIDED and not found.contested:
            self._desk.change(start, self._contested)
        raise InUse("another phone was first")

    def _contested(self, unit: PhoneUnit, approval: Approval) -> Approval:
        if approval.contested or approval.state not in moves.UNDECIDED:
            return approval
        note(unit, "approval_contested", approval)
        return moves.contest(approval)

    def _count_forgery(self, start: Start) -> None:
        starts = self._desk.starts
        forged = starts.bump(f"forged:{start.id}", lasts=_FORGERIES_LAST)
        if forged >= self._desk.limits.bad_frames:
            starts.drop(start.id)
            self._desk.wake(start.transaction)


def _number(random: bytes) -> str:
    """Give two digits from 10 to 99; of four random bytes the bias is below 2⁻²⁵."""
    return str(10 + int.from_bytes(random) % 90)
