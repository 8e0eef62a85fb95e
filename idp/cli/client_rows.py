"""Reading and writing one registration in a unit of work, as every command about clients does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from idp.cli.deployment import operator
from idp.domain import audit_event
from idp.domain.client import Client, ClientId

if TYPE_CHECKING:
    from datetime import datetime

    from idp.store.ports import Unit


def known(unit: Unit, client_id: str) -> Client:
    """Read a client, or explain that there is none."""
    client = unit.clients.get(ClientId(client_id))
    if client is None:
        raise click.ClickException(f"there is no client {client_id}; see 'sesame clients list'")
    return client


def conflict(client_id: str) -> click.ClickException:
    """Explain that somebody else was faster."""
    return click.ClickException(
        f"{client_id} was changed meanwhile; nothing was done. "
        f"Look at it with 'sesame clients show {client_id}' and try again"
    )


def save(unit: Unit, client: Client, *, at: datetime, change: str) -> None:
    """Write the next version of a client that was read in this unit, with its audit row."""
    unit.clients.replace(replace(client, updated_at=at), expected_version=client.version)
    record(unit, client.id, at=at, change=change)


def record(unit: Unit, client_id: ClientId, *, at: datetime, change: str) -> None:
    """Write the audit row of a change, in the unit that makes it."""
    unit.record(
        audit_event.client_changed(client=client_id, at=at, actor=operator(), change=change)
    )
