"""The phone as a means of login: a code in the browser, a number on the phone, an approval.

What waits, and for whom, is the phone's own side (``mobile_flow.approvals``). Here it becomes a
proof: when the phone approved, the browser's next visit uses the approval, once, in the unit of
work that opens the session.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from idp.domain.assurance import Assurance
from idp.domain.event import MethodName
from idp.domain.person import Person, PersonId
from idp.domain.phone_level import amr_of, evidence_of, level_of
from idp.errors import (
    APPROVAL_REFUSED,
    APPROVAL_REPORTED,
    INVALID_REQUEST,
    NOT_APPROVED,
    PHONE_REMOVED,
    Problem,
)
from idp.login.methods import Challenge, Progress, Proof, ProofRefused, refused_by_phone
from idp.login.shown import shown_of
from idp.store.phone import SESSION, UnitOfThePhone
from mobile_flow import qr
from mobile_flow.errors import PhoneError
from mobile_flow.model import ApprovalId, ApprovalState, FlowKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from idp.domain.reading import Reading
    from idp.domain.session import Session
    from idp.domain.transaction import Transaction
    from idp.login.methods import Asking
    from idp.store.ports import Ledger, Unit
    from mobile_flow.approvals import Approvals, ApprovalStanding, Frames
    from mobile_flow.model import Approval, Device, Start

ANIMATED: Final = "animated"
STATIC: Final = "static"
SHOWING: Final = "showing"
"""What a page calls the state in which no phone has claimed its code."""

_KINDS: Final = {ANIMATED: FlowKind.QR, STATIC: FlowKind.STATIC}
_REFUSALS: Final[Mapping[ApprovalState, Problem]] = {
    ApprovalState.REFUSED: APPROVAL_REFUSED,
    ApprovalState.REPORTED: APPROVAL_REPORTED,
}
_SECOND: Final = timedelta(seconds=1)


class MobileMethod:
    """``LoginMethod`` by an enrolled phone."""

    name: Final = MethodName.MOBILE
    ceiling: Final = Assurance.HIGH
    resistant: Final = False

    def __init__(
        self,
        ledger: Ledger,
        approvals: Approvals,
        *,
        issuer: str,
        host: str,
        suspect: Callable[[str | None], bool] = lambda address: False,  # noqa: ARG005 - of nobody
        now: Callable[[], datetime],
    ) -> None:
        """Take the ``host`` that codes name, with its port if any.

        ``suspect`` tells of an address whether the operator expects no people there.
        """
        self._ledger = ledger
        self._approvals = approvals
        self._issuer = issuer
        self._host = host
        self._suspect = suspect
        self._now = now

    def start(self, asking: Asking) -> Challenge | None:
        """Show a new code, in the place of any other of this browser.

        Raises:
            ProofRefused: too many of them, or a kind that the client does not take.
        """
        how = asking.how or ANIMATED
        if how not in _KINDS or (how == STATIC and not asking.client.allow_static_code):
            raise ProofRefused(INVALID_REQUEST, "this kind of code is not shown here")
        self._open(asking, how, again=False)
        return Challenge(text=how, ends=asking.tx.expires_at)

    def progress(self, asking: Asking) -> Progress:
        """Tell how the approval stands."""
        standing = self._standing(asking.tx)
        state = _word(standing)
        if standing.contested:
            state += " contested"
        approved = standing.state is ApprovalState.APPROVED
        return Progress(
            state=state,
            answer=standing.approval if approved else None,
            refused=None if standing.state is None else _REFUSALS.get(standing.state),
        )

    def page(self, asking: Asking) -> Mapping[str, object]:
        """Give what the page shows; a code that stood too long is renewed by being looked at."""
        how = _how(asking.tx)
        standing = self._standing(asking.tx)
        # Switched off since it was chosen: what is claimed may go on, nothing new is shown.
        still = how == STATIC and asking.client.allow_static_code
        if still and standing.state is None and standing.start is None:
            standing = self._renewed(asking, standing)
        if how == STATIC and not still:
            standing = replace(standing, start=None)
        start = standing.start
        return {
            "phone": {
                "state": _word(standing),
                "how": how,
                "number": standing.number,
                "contested": standing.contested,
                "static_allowed": asking.client.allow_static_code,
                **(self._still(start) if start is not None and how == STATIC else _MOVING),
            }
        }

    def leave(self, asking: Asking) -> None:
        """Give up whatever a phone may still be asked for this login."""
        self._approvals.cancel(asking.tx.id, browser=asking.tx.binding)

    def frames(self, tx: Transaction) -> Frames:
        """Give the frames to draw next. Raises: PhoneError, when nothing is shown here."""
        standing = self._standing(tx)
        shown = standing.start.id if standing.start is not None else standing.approval
        return self._approvals.frames(ApprovalId(shown or ""), browser=tx.binding)

    def verify(
        self,
        answer: str,
        *,
        asking: Asking,
        challenge: Challenge | None,
        reading: Reading | None = None,
    ) -> Proof:
        """Take the identifier of an approval of this login; that it is used once is decided later.

        Raises:
            ProofRefused: not approved, or by a phone that was removed.
        """
        del challenge, reading
        with self._ledger.read() as unit:
            approval = unit.phones.approval(ApprovalId(answer))
            device = None
            if approval is not None and approval.device is not None:
                device = unit.phones.device(approval.device)
        if (
            approval is None
            or approval.state is not ApprovalState.APPROVED
            or (approval.transaction, approval.browser) != (asking.tx.id, asking.tx.binding)
        ):
            raise ProofRefused(NOT_APPROVED, "no approval of this login")
        if device is None or device.removed_at is not None:
            raise ProofRefused(PHONE_REMOVED, "removed after it approved")
        now = self._now()
        return Proof(
            evidence=evidence_of(approval, device, backed_up=bool(approval.backed_up)),
            acr=level_of(device, approval.kind, now=now),
            amr=amr_of(device, approval.kind),
            at=now,
            identify=partial(_person, device=device),
            settle=partial(self._used, approval=approval),
        )

    def _used(self, unit: Unit, session: Session, *, approval: Approval) -> None:
        try:
            self._approvals.prove(
                UnitOfThePhone(unit, now=self._now),
                approval.id,
                effect=f"{SESSION}{session.key}",
            )
        except PhoneError as error:
            raise refused_by_phone(error, now=self._now()) from error

    def _open(self, asking: Asking, how: str, *, again: bool) -> None:
        tx = asking.tx
        try:
            self._approvals.open(
                transaction=tx.id,
                browser=tx.binding,
                shown=shown_of(asking, now=self._now(), issuer=self._issuer),
                kind=_KINDS[how],
                address=asking.visitor.address or "",
                again=again,
                handheld=asking.visitor.handheld,
                suspect=self._suspect(asking.visitor.address),
            )
        except PhoneError as error:
            raise refused_by_phone(error, now=self._now()) from error

    def _renewed(self, asking: Asking, standing: ApprovalStanding) -> ApprovalStanding:
        try:
            self._open(asking, STATIC, again=True)
        except ProofRefused:
            return standing
        return self._standing(asking.tx)

    def _still(self, start: Start) -> Mapping[str, object]:
        left = start.expires_at - self._now()
        return {
            "text": qr.static(start, host=self._host),
            "code": qr.spell_code(start.code or ""),
            "renew": max(1, -(-left // _SECOND)),
        }

    def _standing(self, tx: Transaction) -> ApprovalStanding:
        return self._approvals.standing(tx.id, browser=tx.binding)


_MOVING: Final[Mapping[str, object]] = {"text": "", "code": "", "renew": None}


def _how(tx: Transaction) -> str:
    return tx.challenge if tx.challenge in _KINDS else ANIMATED


def _word(standing: ApprovalStanding) -> str:
    if standing.state is None:
        return SHOWING if standing.start is not None else ApprovalState.EXPIRED.value
    # One that was used for a login whose answer was lost cannot be used again.
    if standing.state is ApprovalState.CONSUMED:
        return ApprovalState.EXPIRED.value
    return standing.state.value


def _person(unit: Unit, *, device: Device) -> Person:
    person = unit.people.get(PersonId(device.person))
    if person is None:
        raise ProofRefused(PHONE_REMOVED, "a phone of nobody")
    return person
