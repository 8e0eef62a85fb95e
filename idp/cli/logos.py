"""Fetching the pictures of clients from the command line, and saying what came of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from idp.cli.client_rows import conflict, known, record
from idp.cli.deployment import config_option, json_option, opened
from idp.domain.picture import may_show
from idp.oidc.registration.pictures import Pictured, pictured
from idp.oidc.registration.policy import policy_of
from idp.store.ports import VersionConflict

if TYPE_CHECKING:
    from pathlib import Path

    from idp.domain.client import Client
    from idp.foundation import Foundation


def drawn(
    foundation: Foundation, client: Client, *, former: Client | None = None, again: bool = False
) -> Pictured:
    """Give a client its pictures; nothing is loaded that only who fetches needs."""
    if not client.about.logo:
        return Pictured(client=client)
    from idp.outbound.making import outbound_of
    from idp.outbound.pictures import Pictures

    settings, monotonic = foundation.settings, foundation.monotonic
    fetch = Pictures(outbound_of(settings, monotonic=monotonic), monotonic=monotonic)
    return pictured(client, policy_of(settings), fetch, former=former, again=again)


def tell(found: Pictured) -> None:
    """Say which pictures citizens see, and why others are not there; on standard error."""
    for picture in dict.fromkeys(found.client.about.pictures.values()):
        size = f"{picture.width} x {picture.height}"
        click.echo(f"logo of {picture.address}: {size} pixels, is shown", err=True)
    for address, why in found.missing.items():
        click.echo(f"logo of {address}: {why}", err=True)
    if found.missing:
        click.echo(
            f"fetch it again with 'sesame clients logo {found.client.id}'; "
            "everything else works without it",
            err=True,
        )


@click.command()
@click.argument("client_id")
@config_option
@json_option
def logo(client_id: str, config_path: Path | None, *, as_json: bool) -> None:
    """Fetch the logo of CLIENT_ID again, from where its registration says.

    What is shown changes only by this, or with the address. Look at it before you agree to it.
    """
    with opened(config_path) as foundation:
        with foundation.ledger.read() as unit:
            before = known(unit, client_id)
        whose = foundation.settings.registration.logos
        if not before.about.logo:
            raise click.ClickException(f"{client_id} registered no logo_uri")
        if not may_show(before, whose):
            raise click.ClickException(
                f"the logo of {client_id} is not shown here: registration.logos is {whose}"
            )
        found = drawn(foundation, before, former=before, again=True)
        if found.client != before:
            now = foundation.now()
            try:
                with foundation.ledger.begin() as unit:
                    unit.clients.replace(
                        replace(found.client, updated_at=now), expected_version=before.version
                    )
                    found.keep(unit)
                    record(unit, before.id, at=now, change="logo fetched")
            except VersionConflict:
                raise conflict(client_id) from None
    if as_json:
        shown = {
            language: {"address": one.address, "digest": one.digest}
            for language, one in found.client.about.pictures.items()
        }
        click.echo(json.dumps({"shown": shown, "missing": found.missing}, indent=2))
        return
    tell(found)
