"""An approval's life, exactly once: opened by a browser, claimed by a phone, answered, used.

Here stand the phone's answers and the provider's use of them; the browser's side is ``openings``,
who is first is ``claims``, what each move is is ``moves``. A phone may send anything again: the
same phone with the same content gets the same answer. Nothing is verified inside a unit of work.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from mobile_flow import moves, transcript
from mobile_flow.claims import Claimed, Claims
from mobile_flow.copied import suspect
from mobile_flow.desk import (
    MOBILE,
    PUSH,
    Assertions,
    Desk,
    demand_few,
    demand_idle,
    demand_thawed,
    live_device,
    note,
    notice_all,
    nowhere,
    slow_origin,
)
from mobile_flow.errors import (
    ApprovalUnknown,
    ApprovalUsed,
    CallMalformed,
    CredentialCopied,
    DeviceRemoved,
    InUse,
    NumberWrong,
)
from mobile_flow.limits import Limits
from mobile_flow.model import Approval, ApprovalState, FlowKind
from mobile_flow.openings import ApprovalStanding, Frames, Openings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mobile_flow.model import ApprovalId, Credential, Device
    from mobile_flow.ports import PhoneLedger, PhoneUnit, Starts

__all__ = ["ApprovalStanding", "Approvals", "Ask", "Claimed", "Frames"]

_APPROVED: Final = frozenset({ApprovalState.APPROVED, ApprovalState.CONSUMED})
_SAID_NO: Final = frozenset({ApprovalState.REFUSED, ApprovalState.REPORTED})
_LONGEST_ASSERTION: Final = 16 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """What a phone shows for the decision, and what its authenticator is to sign.

    Attributes:
        approval: with its transcript.
        options: for ``navigator.credentials.get``; the challenge is the transcript's hash.
    """

    approval: Approval
    options: Mapping[str, object] = field(repr=False)


class Approvals:
    """All verbs of approving; one is shared by a process and is safe in threads."""

    def __init__(  # noqa: PLR0913 - three ports, the provider's name and the world's four callables
        self,
        ledger: PhoneLedger,
        starts: Starts,
        keys: Assertions,
        *,
        issuer: str,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
        wake: Callable[[str], None],
        limits: Limits | None = None,
        country: Callable[[str], str | None] = nowhere,
    ) -> None:
        parts = urlsplit(issuer)
        self._desk = Desk(
            ledger=ledger,
            starts=starts,
            keys=keys,
            issuer=issuer,
            host=parts.netloc,
            now=now,
            entropy=entropy,
            wake=wake,
            limits=limits or Limits(),
            country=country,
        )
        self._origin = f"{parts.scheme}://{parts.netloc}"
        openings, claims = Openings(self._desk), Claims(self._desk)
        self.open = openings.open
        self.frames = openings.frames
        self.standing = openings.standing
        self.cancel = openings.cancel
        self.claim, self.ask = claims.claim, claims.ask

    # --- what a phone sees ----------------------------------------------------------------------

    def look(self, approval_id: ApprovalId, device: Device) -> Approval:
        """Give an approval as its phone may know it. Raises: ApprovalUnknown."""
        found = self._desk.read(approval_id)
        _demand_business(found, device)
        return moves.for_phone(found)

    def live(self, device: Device) -> Sequence[Approval]:
        """Give what this phone is asked now: what it claimed, and what any phone may open."""
        with self._desk.ledger.read() as unit:
            found = unit.phones.live_approvals(device.person, at=self._desk.now())
        return [moves.for_phone(one) for one in found if one.device in {None, device.id}]

    def past(self, device: Device, *, limit: int = 50) -> Sequence[Approval]:
        """Give what the phone's person was asked before, on any phone, the newest first."""
        now = self._desk.now()
        with self._desk.ledger.read() as unit:
            found = unit.phones.past_approvals(device.person, at=now, limit=limit)
        return [moves.for_phone(moves.settled(one, now)) for one in found]

    def question(self, approval_id: ApprovalId, device: Device) -> Ask:
        """Give again what is to be decided, after the number was right. Raises: as ``number``."""
        found = self._desk.read(approval_id)
        _demand_own(found, device)
        moves.demand(found, ApprovalState.MATCHED)
        return self._ask(found, device)

    # --- what a phone answers -------------------------------------------------------------------

    def number(self, approval_id: ApprovalId, device: Device, typed: str) -> Ask:
        """Take the number that the person read in the browser; there is one try.

        Raises:
            CallMalformed: not two digits; nothing was tried.
            NumberWrong: and it is over.
            ApprovalUnknown, InUse: it is not this phone's.
            PhoneError: what became of it, if it is over.
        """
        if len(typed) != 2 or not (typed.isascii() and typed.isdigit()):  # noqa: PLR2004 - 10 to 99
            raise CallMalformed("not two digits")

        def decide(unit: PhoneUnit, approval: Approval) -> Approval:
            _demand_own(approval, device)
            moves.demand(approval, ApprovalState.CLAIMED, ApprovalState.MATCHED)
            live_device(unit, device)
            if approval.number is None:
                raise CallMalformed("no number is asked")
            if not hmac.compare_digest(approval.number, typed):
                return self._mistyped(unit, approval)
            if approval.state is ApprovalState.MATCHED:
                return approval
            now = self._desk.now()
            return self._written(moves.match(approval, now=now, limits=self._desk.limits), device)

        moved = self._desk.change(approval_id, decide)
        if moved.state is ApprovalState.WRONG_NUMBER:
            raise NumberWrong("another number")
        return self._ask(moved, device)

    def open_pending(self, approval_id: ApprovalId, device: Device) -> Ask:
        """Open what was pushed to the person of this phone: from now on this phone answers it.

        Raises:
            ApprovalUnknown: not asked of this person.
            InUse: another of their phones opened it.
            PhoneFrozen, TooManyApprovals, DeviceBusy, DeviceRemoved: not now, not by this phone.
            PhoneError: what became of it, if it is over.
        """

        def decide(unit: PhoneUnit, approval: Approval) -> Approval:
            if approval.device is not None:
                _demand_own(approval, device)
                moves.demand(approval, ApprovalState.MATCHED)
                return approval
            _demand_business(approval, device)
            now = self._desk.now()
            unit.phones.hold(device.person)
            live_device(unit, device)
            demand_thawed(unit, device.person, kind=PUSH, now=now)
            demand_thawed(unit, device.person, kind=MOBILE, now=now)
            demand_few(unit, device.person, limits=self._desk.limits, now=now)
            demand_idle(unit, device, approval_id, now=now)
            moved = moves.take(approval, device.id, now=now)
            note(unit, "approval_claimed", moved)
            return self._written(moved, device)

        return self._ask(self._desk.change(approval_id, decide), device)

    def approve(self, approval_id: ApprovalId, device: Device, assertion: str) -> Approval:
        """Take the person's yes: an assertion over the transcript, with user verification.

        Args:
            approval_id: what is approved.
            device: the phone, proven by its device key.
            assertion: the authenticator's answer, JSON (WebAuthn Level 3, 5.1.4).

        Raises:
            CredentialRefused: the assertion does not verify; the person may try again.
            CredentialCopied: it would, from a copy: recorded, and the phone is limited from now on.
            ApprovalEarly, TooManyApprovals, PhoneFrozen, DeviceRemoved: not now, not by this phone.
            ApprovalUnknown, InUse: it is not this phone's.
            PhoneError: what became of it, if it is over.
        """
        if len(assertion) > _LONGEST_ASSERTION:
            raise CallMalformed("the assertion is too long")
        found = self._desk.read(approval_id)
        if _approved_so(found, device, assertion):
            return moves.for_phone(found)
        credential = self._verified(found, device, assertion)

        def decide(unit: PhoneUnit, approval: Approval) -> Approval:
            if _approved_so(approval, device, assertion):
                return approval
            _demand_own(approval, device)
            now = self._desk.now()
            moved = moves.approve(
                approval,
                assertion=assertion,
                backed_up=credential.backed_up,
                now=now,
                limits=self._desk.limits,
            )
            unit.phones.hold(approval.person)
            demand_thawed(unit, approval.person, kind=MOBILE, now=now)
            demand_few(unit, approval.person, limits=self._desk.limits, now=now)
            if not unit.phones.use_device(device.id, credential=credential, at=now):
                raise DeviceRemoved("removed while it approved")
            note(unit, "approval_decided", moved, decision=moved.state.value)
            return moved

        return moves.for_phone(self._desk.change(approval_id, decide))

    def refuse(self, approval_id: ApprovalId, device: Device, *, report: bool) -> Approval:
        """Take the person's no; with ``report`` their "this was not me", which is never too late.

        A report freezes asking by push, and ends what the approval had opened.

        Raises:
            ApprovalUnknown, InUse: it is not this phone's. A report is taken from any phone of the
                person.
            PhoneError: what became of it, if there is nothing left to refuse.
        """

        def decide(unit: PhoneUnit, approval: Approval) -> Approval:
            _demand_business(approval, device)
            live_device(unit, device)
            if report:
                return self._reported(unit, approval)
            if approval.device is not None:
                _demand_own(approval, device)
            if approval.state in _SAID_NO:
                return approval
            moved = moves.refuse(approval, now=self._desk.now())
            note(unit, "approval_decided", moved, decision=moved.state.value)
            return moved

        return moves.for_phone(self._desk.change(approval_id, decide))

    # --- what the provider does with it ---------------------------------------------------------

    def prove(
        self, unit: PhoneUnit, approval_id: ApprovalId, *, effect: str | None = None
    ) -> tuple[Approval, Device]:
        """Use an approval, once, in the provider's own unit of work.

        Args:
            unit: the one that opens what was approved.
            approval_id: approved, by a phone that still is its person's.
            effect: the provider's word for what it opens, by which a later report ends it.

        Raises:
            ApprovalUnknown, ApprovalUsed, NotApproved, DeviceRemoved, PhoneFrozen…: nothing is
                proven; the caller's unit rolls back.
        """
        now = self._desk.now()
        stored = unit.phones.approval(approval_id)
        if stored is None:
            raise ApprovalUnknown("no such approval")
        found = moves.settled(stored, now)
        moved = moves.consume(found, effect=effect)
        device = None if found.device is None else unit.phones.device(found.device)
        if device is None or device.removed_at is not None or device.person != found.person:
            raise DeviceRemoved("removed after it approved")
        demand_thawed(unit, found.person, kind=MOBILE, now=now)
        if found.kind is FlowKind.PUSH:
            demand_thawed(unit, found.person, kind=PUSH, now=now)
        if not unit.phones.move_approval(moved, version=stored.version):
            raise ApprovalUsed("somebody was first")
        return moved, device

    # --- inside ---------------------------------------------------------------------------------

    def _ask(self, approval: Approval, device: Device) -> Ask:
        options = self._desk.keys.request_options(
            [device], challenge=transcript.challenge(_signed(approval))
        )
        return Ask(approval=moves.for_phone(approval), options=options)

    def _written(self, matched: Approval, device: Device) -> Approval:
        """Add the transcript, with the end that the phone is told."""
        text = transcript.build(
            matched,
            device,
            issuer=self._desk.issuer,
            return_origin="" if matched.kind is FlowKind.PUSH else self._origin,
            now=self._desk.now(),
        )
        return replace(matched, transcript=text)

    def _verified(self, approval: Approval, device: Device, assertion: str) -> Credential:
        _demand_own(approval, device)
        moves.demand(approval, ApprovalState.MATCHED)
        with self._desk.ledger.read() as unit:
            current = live_device(unit, device)
        challenge = transcript.challenge(_signed(approval))
        try:
            return self._desk.keys.verify_assertion(assertion, challenge=challenge, device=current)
        except CredentialCopied as error:
            self._suspect(approval, device, error)
            raise

    def _suspect(self, asked: Approval, device: Device, error: CredentialCopied) -> None:
        """Leave evidence, unless this only was the slower of two answers of one phone."""
        desk, now = self._desk, self._desk.now()
        with desk.ledger.begin() as unit:
            found = unit.phones.approval(asked.id)
            if found is not None and moves.settled(found, now).state is ApprovalState.MATCHED:
                suspect(unit, device, error, flow=asked.kind, now=now, entropy=desk.entropy)

    def _mistyped(self, unit: PhoneUnit, approval: Approval) -> Approval:
        now, limits = self._desk.now(), self._desk.limits
        unit.phones.hold(approval.person)
        moved = moves.mistype(approval, now=now)
        note(unit, "approval_decided", moved, decision=moved.state.value)
        before = unit.phones.count_approvals(
            moved.person, since=now - limits.wrong_window, states=moves.WRONG
        )
        if before + 1 >= limits.wrong_numbers:
            unit.phones.freeze(moved.person, kind=MOBILE, until=now + limits.mobile_freeze)
            note(unit, "phone_frozen", moved, why=MOBILE)
            notice_all(unit, moved.person, self._desk)
        return moved

    def _reported(self, unit: PhoneUnit, approval: Approval) -> Approval:
        if approval.state is ApprovalState.REPORTED:
            return approval
        now = self._desk.now()
        ended = approval.state is ApprovalState.CONSUMED and unit.undo(approval, at=now)
        unit.phones.freeze(approval.person, kind=PUSH, until=now + self._desk.limits.push_freeze)
        slow_origin(unit, approval, self._desk)
        moved = moves.report(approval, now=now)
        note(
            unit,
            "approval_reported",
            moved,
            was=approval.state.value,
            ended="yes" if ended else "no",
        )
        notice_all(unit, moved.person, self._desk)
        return moved


def _approved_so(approval: Approval, device: Device, assertion: str) -> bool:
    """Tell whether this very answer was taken before: it is being sent again."""
    return (
        approval.state in _APPROVED
        and approval.device == device.id
        and approval.assertion == assertion
    )


def _signed(approval: Approval) -> bytes:
    if approval.transcript is None:  # a matched approval has one, by construction
        raise ApprovalUnknown("no transcript")
    return approval.transcript


def _demand_business(approval: Approval, device: Device) -> None:
    """Let only phones of the person through. Raises: ApprovalUnknown."""
    if approval.person != device.person:
        raise ApprovalUnknown("of another person")


def _demand_own(approval: Approval, device: Device) -> None:
    """Let only the phone through that claimed it. Raises: ApprovalUnknown, InUse."""
    _demand_business(approval, device)
    if approval.device is None:
        raise ApprovalUnknown("not opened yet")
    if approval.device != device.id:
        raise InUse("another phone answers it")
