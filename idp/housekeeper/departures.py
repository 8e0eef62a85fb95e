"""Clients that registered themselves and did not come back in time: they are taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.domain.audit_event import client_changed
from idp.oidc.registration.narrowing import take_out

if TYPE_CHECKING:
    from datetime import datetime

    from idp.store.ports import Unit


def show_out(unit: Unit, *, at: datetime, limit: int) -> int:
    """Take out who is over, at most ``limit``, with what they hold; give how many were looked at.

    What an operator said since counts: a later end keeps the place until then, and a client that
    has no end any more is the operators'.
    """
    overdue = unit.registrations.overdue(before=at, limit=limit)
    for client_id in overdue:
        client = unit.clients.get(client_id)
        if client is None or client.expires_at is None:
            unit.registrations.leave(client_id)
        elif client.expires_at > at:
            unit.registrations.prolong(client_id, until=client.expires_at)
        else:
            take_out(unit, client, at=at)
            unit.record(client_changed(client=client_id, at=at, actor="housekeeper", change="over"))
    return len(overdue)
