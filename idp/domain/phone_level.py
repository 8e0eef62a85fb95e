"""How sure a phone makes us, and in which words we say so: pure functions of what it proved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idp.domain.assurance import Assurance
from idp.domain.event import DeviceEvidence
from mobile_flow.model import FlowKind

if TYPE_CHECKING:
    from datetime import datetime

    from mobile_flow.model import Approval, Device

_HIGH: Final = frozenset({FlowKind.PASSKEY, FlowKind.QR})
"""The ways that may reach level high; a code that stands still or a push never do."""
_HOW: Final = {
    FlowKind.PASSKEY: (),
    FlowKind.QR: ("be:qr",),
    FlowKind.STATIC: ("be:qr",),
    FlowKind.PUSH: ("be:push",),
}


def level_of(device: Device, flow: FlowKind, *, now: datetime) -> Assurance:
    """Give the level that an approval by this phone reaches.

    High only where the passkey cannot leave its device (BE = 0), was never seen copied, and the
    phone is trusted: a day after it was enrolled by card, or since its person said, card in hand,
    that it is theirs.
    """
    bound = not device.credential.backup_eligible and device.suspected_at is None
    bound = bound and now >= device.high_from
    return Assurance.HIGH if bound and flow in _HIGH else Assurance.SUBSTANTIAL


def amr_of(device: Device, flow: FlowKind) -> tuple[str, ...]:
    """Give the methods (RFC 8176): ``hwk`` for a key bound to the phone, else ``swk``."""
    key = "swk" if device.credential.backup_eligible else "hwk"
    return (key, "user", "pop", "mfa", *_HOW[flow])


def evidence_of(approval: Approval, device: Device, *, backed_up: bool) -> DeviceEvidence:
    """Give what is kept of the proof."""
    return DeviceEvidence(
        device=device.id,
        flow=approval.kind.value,
        backup_eligible=device.credential.backup_eligible,
        backed_up=backed_up,
        card_fingerprint=device.card_fingerprint,
        approval=approval.id,
        enrolled_at=device.enrolled_at,
    )
