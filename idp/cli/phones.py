"""``sesame phones``: what was removed, from a Ledger that is about to be replaced to the next one.

A database that is put back from a dump knows nothing of what happened since. Where the former one
still answers, its list of removed phones is taken first and given to the new one.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Final

import click

from idp.cli.deployment import config_option, json_option, opened, operator
from idp.domain import audit_event
from idp.domain.person import PersonId
from mobile_flow.model import DeviceId

if TYPE_CHECKING:
    from pathlib import Path

    from idp.domain.audit_event import AuditEvent
    from idp.foundation import Foundation
    from mobile_flow.model import PersonRef

_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def phones() -> None:
    """List removed phones, and remove them again from a database that was put back."""


@phones.command()
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Only those removed then or later (UTC).",
)
@config_option
@json_option
def removed(since: datetime | None, config_path: Path | None, *, as_json: bool) -> None:
    """List the phones that were removed, and when, one a line."""
    begin = _EVER if since is None else since.replace(tzinfo=UTC)
    with opened(config_path) as foundation, foundation.ledger.read() as unit:
        found = unit.phones.removed_devices(since=begin)
    if as_json:
        click.echo(json.dumps([{"phone": key, "at": at.isoformat()} for key, _, at in found]))
        return
    for key, _, at in found:
        click.echo(f"{key} {at.isoformat(timespec='seconds')}")


@phones.command()
@click.argument("listed", metavar="FILE", type=click.File(encoding="utf-8"))
@config_option
@json_option
def remove(listed: IO[str], config_path: Path | None, *, as_json: bool) -> None:
    """Remove the phones that FILE names (-: standard input).

    The first word of each line is a phone's identifier. Those that are removed already, or that
    nobody knows here, are passed over.
    """
    names = [words[0] for words in map(str.split, listed) if words]
    with opened(config_path) as foundation:
        gone = sum(_removed(foundation, name) for name in names)
    told = {"named": len(names), "removed": gone}
    click.echo(json.dumps(told) if as_json else f"{gone} of {len(names)} phones removed")


def _removed(foundation: Foundation, name: str) -> bool:
    now = foundation.now()
    with foundation.ledger.begin() as unit:
        device = unit.phones.device(DeviceId(name))
        if device is None:
            return False
        if not unit.phones.remove_device(device.id, person=device.person, at=now):
            return False
        unit.record(phone_kept_out(device.id, device.person, at=now, why="operator"))
    return True


def phone_kept_out(device: DeviceId, person: PersonRef, *, at: datetime, why: str) -> AuditEvent:
    """Give the audit event of a phone that an operator's command removed."""
    event = audit_event.of_the_phone(
        what="phone_removed", person=PersonId(person), at=at, facts={"device": device, "why": why}
    )
    return replace(event, actor=operator())
