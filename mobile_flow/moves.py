"""How an approval moves: pure functions of (approval, now).

::

    PENDING ──(opened)──────────────┐
                                    ▼
    CLAIMED ──(right number)────▶ MATCHED ──(assertion)──▶ APPROVED ──(login)──▶ CONSUMED

From the first four it also ends as REFUSED, WRONG_NUMBER, CANCELLED or EXPIRED, and from anywhere
as REPORTED. Every move makes the next version; the store keeps one of two simultaneous moves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mobile_flow import errors
from mobile_flow.model import Approval, ApprovalState, FlowKind

if TYPE_CHECKING:
    from datetime import datetime

    from mobile_flow.limits import Limits
    from mobile_flow.model import Device, DeviceId, Start

LIVE: Final = frozenset({ApprovalState.PENDING, ApprovalState.CLAIMED, ApprovalState.MATCHED})
"""The person is being asked."""
UNDECIDED: Final = LIVE | {ApprovalState.APPROVED}
"""It may still come to something, or to nothing."""
WRONG: Final = (ApprovalState.WRONG_NUMBER.value, ApprovalState.REPORTED.value)
"""What counts towards a freeze: a report afterwards must not make a wrong number forgotten."""

_BECAME: Final[dict[ApprovalState, type[errors.PhoneError]]] = {
    ApprovalState.PENDING: errors.NotApproved,
    ApprovalState.CLAIMED: errors.NumberMissing,
    ApprovalState.MATCHED: errors.NotApproved,
    ApprovalState.APPROVED: errors.ApprovalUsed,
    ApprovalState.CONSUMED: errors.ApprovalUsed,
    ApprovalState.REFUSED: errors.ApprovalRefused,
    ApprovalState.REPORTED: errors.ApprovalRefused,
    ApprovalState.WRONG_NUMBER: errors.NumberWrong,
    ApprovalState.CANCELLED: errors.ApprovalCancelled,
    ApprovalState.EXPIRED: errors.ApprovalExpired,
}


def settled(approval: Approval, now: datetime) -> Approval:
    """Give the approval as it stands now: expired, if its end has come and it was not used."""
    if approval.state in UNDECIDED and now >= approval.expires_at:
        return replace(approval, state=ApprovalState.EXPIRED)
    return approval


def demand(approval: Approval, *states: ApprovalState) -> None:
    """Let only these states through. Raises: what tells the phone what became of it instead."""
    if approval.state not in states:
        raise _BECAME[approval.state](f"it is {approval.state}")


def claim(
    start: Start, device: Device, *, number: str, random: bytes, now: datetime, limits: Limits
) -> Approval:
    """A phone read the code: from here on there is something to decide, and one who decides."""
    return Approval(
        id=start.id,
        kind=start.kind,
        person=device.person,
        device=device.id,
        transaction=start.transaction,
        browser=start.browser,
        shown=start.shown,
        state=ApprovalState.CLAIMED,
        number=number,
        random=random,
        origin=start.origin,
        opened_at=start.started_at,
        claimed_at=now,
        expires_at=min(now + limits.number, _end(start.started_at, now, limits)),
    )


def match(approval: Approval, *, now: datetime, limits: Limits) -> Approval:
    """The number was right: the phone is told everything and may decide. No transcript yet."""
    demand(approval, ApprovalState.CLAIMED)
    end = _end(approval.opened_at, approval.claimed_at or now, limits)
    moved = _next(approval, state=ApprovalState.MATCHED, expires_at=end)
    return replace(moved, ready_at=now + limits.reading) if approval.slow else moved


def take(approval: Approval, device: DeviceId, *, now: datetime) -> Approval:
    """A phone opened what was pushed to its person: it decides, the others do not."""
    demand(approval, ApprovalState.PENDING)
    moved = _next(approval, state=ApprovalState.MATCHED, expires_at=approval.expires_at)
    return replace(moved, device=device, claimed_at=now)


def mistype(approval: Approval, *, now: datetime) -> Approval:
    """Another number was typed: there is no second try."""
    demand(approval, ApprovalState.CLAIMED, ApprovalState.MATCHED)
    return _over(approval, ApprovalState.WRONG_NUMBER, now)


def approve(
    approval: Approval, *, assertion: str, backed_up: bool, now: datetime, limits: Limits
) -> Approval:
    """The person approved what the transcript says; the browser has a while to go on.

    Raises: ApprovalEarly, before they can have read it.
    """
    demand(approval, ApprovalState.MATCHED)
    if approval.ready_at is not None and now < approval.ready_at:
        raise errors.ApprovalEarly(approval.ready_at)
    moved = _next(
        approval,
        state=ApprovalState.APPROVED,
        expires_at=max(approval.expires_at, now + limits.finish),
    )
    return replace(moved, decided_at=now, assertion=assertion, backed_up=backed_up)


def refuse(approval: Approval, *, now: datetime) -> Approval:
    """The person said no."""
    demand(approval, *LIVE)
    return _over(approval, ApprovalState.REFUSED, now)


def report(approval: Approval, *, now: datetime) -> Approval:
    """The person says that it was not them who asked; possible from every state, once."""
    return _over(approval, ApprovalState.REPORTED, approval.decided_at or now)


def cancel(approval: Approval, *, now: datetime) -> Approval:
    """The browser gave it up."""
    demand(approval, *UNDECIDED)
    return _over(approval, ApprovalState.CANCELLED, now)


def consume(approval: Approval, *, effect: str | None) -> Approval:
    """The provider goes on with it, once."""
    demand(approval, ApprovalState.APPROVED)
    moved = _next(approval, state=ApprovalState.CONSUMED, expires_at=approval.expires_at)
    return replace(moved, effect=effect)


def contest(approval: Approval) -> Approval:
    """Another phone tried to answer."""
    moved = _next(approval, state=approval.state, expires_at=approval.expires_at)
    return replace(moved, contested=True)


def for_phone(approval: Approval) -> Approval:
    """Give what a phone may know: never the number that it is to type."""
    return replace(approval, number=None)


def needs_number(approval: Approval) -> bool:
    """Tell whether a number is still to be typed on the phone."""
    return approval.state is ApprovalState.CLAIMED and approval.kind is not FlowKind.PUSH


def _end(opened_at: datetime, claimed_at: datetime, limits: Limits) -> datetime:
    return min(claimed_at + limits.approval, opened_at + limits.hard_end)


def _next(approval: Approval, *, state: ApprovalState, expires_at: datetime) -> Approval:
    return replace(approval, version=approval.version + 1, state=state, expires_at=expires_at)


def _over(approval: Approval, state: ApprovalState, at: datetime) -> Approval:
    moved = _next(approval, state=state, expires_at=approval.expires_at)
    return replace(moved, decided_at=at)
