"""Whether the means behind a login still is its person's: asked wherever something is issued."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.domain.event import DeviceEvidence, OtpEvidence
from mobile_flow.model import DeviceId, PersonRef

if TYPE_CHECKING:
    from idp.domain.event import Evidence
    from idp.domain.person import PersonId
    from idp.store.ports import Unit


def means_stand(unit: Unit, person: PersonId, evidence: Evidence) -> bool:
    """Tell whether the phone was not removed, or the secret not replaced; cards end by their date.

    Raises:
        StoreUnavailable: no answer.
    """
    if isinstance(evidence, DeviceEvidence):
        device = unit.phones.device(DeviceId(evidence.device))
        return (
            device is not None and device.removed_at is None and device.person == PersonRef(person)
        )
    if isinstance(evidence, OtpEvidence):
        otp = unit.phones.otp(PersonRef(person))
        return otp is not None and otp.created_at == evidence.enrolled_at
    return True
