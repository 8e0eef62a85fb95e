"""What the phone asks of storage and of the network; the provider answers.

``PhoneRows`` are verbs of the provider's unit of work: what one block changes is committed
together, with its notes for the audit trail, or not at all. Every change of an existing row is one
compare-and-set statement, and its answer says whether it happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mobile_flow.model import OriginRef, PersonRef

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta

    from mobile_flow.model import (
        Approval,
        ApprovalId,
        Credential,
        Device,
        DeviceId,
        Enrolment,
        EnrolmentId,
        OtpSecret,
        PushSubscription,
        Start,
    )


class PhoneRows(Protocol):
    """The durable rows of the phone."""

    # --- phones
    def user_handle(self, person: PersonRef, *, candidate: bytes) -> bytes:
        """Give the person's WebAuthn user handle; ``candidate`` (32 random bytes) if it is new."""
        ...

    def hold(self, person: PersonRef) -> None:
        """Let nobody else past here for this person until this unit ends.

        What is counted or looked for afterwards, before it is added to, is decided one by one.
        """
        ...

    def add_device(self, device: Device) -> bool:
        """Insert; ``False`` if the credential id or the device key is registered already."""
        ...

    def device(self, device_id: DeviceId) -> Device | None:
        """Give a device, removed ones too."""
        ...

    def device_of(self, credential_id: bytes, *, user_handle: bytes | None) -> Device | None:
        """Give the one live device of (credential, user handle); without handle by credential."""
        ...

    def devices(self, person: PersonRef) -> Sequence[Device]:
        """Give the live devices of a person, the oldest first."""
        ...

    def use_device(self, device_id: DeviceId, *, credential: Credential, at: datetime) -> bool:
        """Keep the counter and the flag BS after a verified assertion; ``False`` if removed."""
        ...

    def rename_device(self, device_id: DeviceId, *, person: PersonRef, name: str) -> bool: ...

    def remove_device(self, device_id: DeviceId, *, person: PersonRef, at: datetime) -> bool:
        """Remove at once and for good; ``False`` if it was, or is of somebody else."""
        ...

    def set_push(self, device_id: DeviceId, push: PushSubscription | None) -> bool: ...

    def trust_device(
        self, device_id: DeviceId, *, person: PersonRef, card_used_at: datetime
    ) -> bool:
        """Let it give level high from ``card_used_at`` on; ``False`` if it did not wait."""
        ...

    def suspect_device(self, device_id: DeviceId, *, at: datetime) -> bool:
        """Note that its passkey was copied; ``False`` if that was noted before."""
        ...

    # --- enrolments
    def add_enrolment(self, enrolment: Enrolment) -> None:
        """Insert, cancelling the person's other enrolments that are not done."""
        ...

    def enrolment(self, enrolment_id: EnrolmentId) -> Enrolment | None: ...
    def enrolment_by_code(self, code: str) -> Enrolment | None:
        """Find by the hash of the one-time code."""
        ...

    def move_enrolment(self, moved: Enrolment, *, version: int) -> bool:
        """Replace if the stored version is ``version``; ``moved.version`` is the next one."""
        ...

    # --- approvals
    def add_approval(self, approval: Approval) -> bool:
        """Insert; ``False`` if there is one of this identifier: another phone was first."""
        ...

    def approval(self, approval_id: ApprovalId) -> Approval | None: ...
    def approval_of(self, transaction: str) -> Approval | None:
        """Give the newest approval of a login, if a phone has claimed any."""
        ...

    def move_approval(self, moved: Approval, *, version: int) -> bool:
        """Replace if the stored version is ``version``; ``moved.version`` is the next one."""
        ...

    def approval_marks(self, transactions: Sequence[str]) -> Sequence[int]:
        """Give for each login a number that grows with every approval of it and every move."""
        ...

    def live_approvals(self, person: PersonRef, *, at: datetime) -> Sequence[Approval]:
        """Give what this person is being asked now (pending, claimed, matched), newest first."""
        ...

    def past_approvals(self, person: PersonRef, *, at: datetime, limit: int) -> Sequence[Approval]:
        """Give what this person was asked before and is not asked now, answered or not.

        Newest first; receipts are made of these.
        """
        ...

    def count_approvals(self, person: PersonRef, *, since: datetime, states: Sequence[str]) -> int:
        """Count by the time of the decision (of opening, where there is none yet)."""
        ...

    # --- freezes
    def freeze(self, person: PersonRef | OriginRef, *, kind: str, until: datetime) -> None:
        """Keep a kind of asking (``push``, ``mobile``) from a person, or an origin, until then."""
        ...

    def frozen_until(self, person: PersonRef | OriginRef, *, kind: str) -> datetime | None: ...

    # --- browsers
    def know_browser(self, person: PersonRef, browser: str, *, until: datetime) -> None:
        """Remember that the person logged in with a browser (the hash of its cookie)."""
        ...

    def knows_browser(self, person: PersonRef, browser: str, *, at: datetime) -> bool: ...
    def forget_browser(self, person: PersonRef, browser: str) -> None: ...

    # --- tries
    def spend_try(self, kind: str, who: str, *, most: int, at: datetime, lasts: timedelta) -> bool:
        """Spend one of ``most`` tries; ``False`` if none is left.

        The first of them sets when they count no more. One statement decides.
        """
        ...

    def return_try(self, kind: str, who: str, *, at: datetime) -> None:
        """Give back one that turned out not to be what is counted."""
        ...

    # --- one-time passwords
    def put_otp(self, otp: OtpSecret) -> bool:
        """Insert or replace the person's; ``False`` if the login name is taken."""
        ...

    def otp(self, person: PersonRef) -> OtpSecret | None: ...
    def otp_by_name(self, login_name: str) -> OtpSecret | None: ...
    def accept_step(self, person: PersonRef, *, step: int, at: datetime) -> bool:
        """Mark a time step used (and the secret confirmed) if it is later than the last one."""
        ...

    def remove_otp(self, person: PersonRef, *, at: datetime) -> bool: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """Something that the audit trail records, in the same commit.

    Attributes:
        what: one of the words that ``idp.domain.audit_event`` knows (``phone_enrolled``,
            ``phone_removed``, ``approval_claimed``, ``approval_decided``, ``approval_reported``…).
        facts: short texts without secrets or national numbers.
    """

    what: str
    person: PersonRef
    facts: Mapping[str, str] = field(default_factory=dict)


class PhoneUnit(Protocol):
    """One unit of work of the provider, as far as the phone needs it."""

    @property
    def phones(self) -> PhoneRows:
        """The rows."""
        ...

    def note(self, note: Note) -> None:
        """Record in this commit."""
        ...

    def spend(self, kind: str, key: str, *, until: datetime) -> None:
        """Mark a single-use thing spent; raises, and the unit rolls back, if it was."""
        ...

    def deliver(self, *, kind: str, body: bytes, due_at: datetime) -> None:
        """Put a message into the outbox: it leaves after the commit, at least once."""
        ...

    def undo(self, approval: Approval, *, at: datetime) -> bool:
        """End what a consumed approval opened, its session with all grants; ``False`` if nothing.

        By ``approval.effect`` where ``prove`` was told it, else by ``approval.transaction``.
        """
        ...


class PhoneLedger(Protocol):
    """The durable store."""

    def begin(self) -> AbstractContextManager[PhoneUnit]:
        """Open a writing unit; commits when the block ends, rolls back when it raises."""
        ...

    def read(self) -> AbstractContextManager[PhoneUnit]:
        """Open a unit that only reads."""
        ...


class Starts(Protocol):
    """Unclaimed starts: they may vanish, or reappear, at any moment without harm."""

    def put(self, start: Start, *, lasts: timedelta) -> None:
        """Keep it, and find it by its code too where it has one."""
        ...

    def get(self, start_id: ApprovalId) -> Start | None: ...
    def by_code(self, code: str) -> Start | None:
        """Find a static start by its eight-character code."""
        ...

    def of_browser(self, browser: str) -> Start | None:
        """Find the start that was kept last for a browser (the hash of its cookie)."""
        ...

    def drop(self, start_id: ApprovalId) -> None:
        """Forget it: it was claimed or cancelled."""
        ...

    def last_of(self, browser: str) -> ApprovalId | None:
        """Give what was kept last for a browser, be it claimed since or over."""
        ...

    def occupy(self, where: str, start: Start, *, most: int) -> bool:
        """Count a start among those of ``where``; ``False`` if ``most`` wait there already.

        One browser counts once. Two at the same moment may both pass.
        """
        ...

    def shut(self, who: str, *, until: datetime) -> None:
        """Let ``who`` wait until then."""
        ...

    def shut_until(self, who: str) -> datetime | None: ...

    def bump(self, key: str, *, lasts: timedelta) -> int:
        """Count up a limit's counter, the first bump setting the life; give the new count."""
        ...


class Deliver(Protocol):
    """Sends an encrypted push message; answered by the provider's guarded client."""

    def __call__(self, endpoint: str, *, headers: Mapping[str, str], body: bytes) -> int:
        """POST; give the HTTP status. Raises: OSError where the service cannot be reached."""
        ...
