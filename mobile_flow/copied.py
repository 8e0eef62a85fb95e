"""A passkey that answers as a copy would: refused, recorded, told, and limited from then on.

Only an answer whose signature holds comes here, so that nobody without the key puts a phone under
suspicion. What remains to a suspected phone is what its second key, which cannot be copied by an
account, is needed for; that never reaches level high again. No word of the person makes the key
whole: the phone is removed, and added anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobile_flow import notify
from mobile_flow.ports import Note

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mobile_flow.errors import CredentialCopied
    from mobile_flow.model import Device, FlowKind
    from mobile_flow.ports import PhoneUnit


def suspect(
    unit: PhoneUnit,
    device: Device,
    error: CredentialCopied,
    *,
    flow: FlowKind,
    now: datetime,
    entropy: Callable[[int], bytes],
) -> None:
    """Record the refused answer; the first one limits the phone and is told to the others."""
    first = unit.phones.suspect_device(device.id, at=now)
    facts = {
        "device": device.id,
        "flow": flow.value,
        "sign": error.sign,
        "stored": error.stored,
        "sent": error.sent,
        "first": "yes" if first else "no",
    }
    unit.note(Note(what="phone_copied", person=device.person, facts=facts))
    if first:
        others = [one for one in unit.phones.devices(device.person) if one.id != device.id]
        notify.notice(unit, others, now=now, entropy=entropy)
