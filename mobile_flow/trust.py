"""What a person says, card in hand, of a phone that was added lately: mine, or not mine.

A new phone waits before it may give level high, because somebody may have been talked into adding
it. Only its person's word about this very phone ends the wait early; a card that is merely used
again says nothing about phones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mobile_flow import notify
from mobile_flow.ports import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from mobile_flow.model import Device
    from mobile_flow.ports import PhoneUnit

_WHY: Final = "not_mine"


def waiting(devices: Iterable[Device], *, card_used_at: datetime) -> tuple[Device, ...]:
    """Give the phones to ask about after a proof by card: added before it, and waiting still.

    Not one that is suspected: no word makes a copied key whole.
    """
    return tuple(
        device
        for device in devices
        if device.enrolled_at < card_used_at < device.high_from and device.suspected_at is None
    )


def own(unit: PhoneUnit, device: Device, *, card: str, card_used_at: datetime) -> bool:
    """Let a phone count for level high from the proof by ``card`` on; ``False`` if it did already.

    ``card`` is the fingerprint of the card's certificate.
    """
    if not unit.phones.trust_device(device.id, person=device.person, card_used_at=card_used_at):
        return False
    facts = {"device": device.id, "card": card}
    unit.note(Note(what="phone_trusted", person=device.person, facts=facts))
    return True


def disown(
    unit: PhoneUnit,
    device: Device,
    *,
    card: str,
    now: datetime,
    entropy: Callable[[int], bytes],
) -> bool:
    """Remove a phone at once and for good, leave evidence, tell the other phones.

    ``card`` is the fingerprint of the card whose holder said so; that of the card which added the
    phone is recorded beside it. ``False`` if it was removed already.
    """
    if not unit.phones.remove_device(device.id, person=device.person, at=now):
        return False
    facts = {
        "device": device.id,
        "why": _WHY,
        "card": device.card_fingerprint,
        "said_by": card,
        "enrolled_at": device.enrolled_at.isoformat(timespec="seconds"),
        "attestation": device.credential.attestation,
        "aaguid": device.credential.aaguid,
    }
    unit.note(Note(what="phone_removed", person=device.person, facts=facts))
    notify.notice(unit, unit.phones.devices(device.person), now=now, entropy=entropy)
    return True
