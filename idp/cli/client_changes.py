"""Changing a registration that exists: edit, disable, enable, remove.

An edit is made against the version that was shown; whoever was faster wins, and the slower one is
told. What a client holds (grants, tokens, refresh families) ends with what it was given under.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from idp.cli.client_output import diff_lines, differences, full, made_known, refused_by
from idp.cli.client_rows import conflict, known, record, save
from idp.cli.deployment import config_option, json_option, opened
from idp.cli.logos import drawn, tell
from idp.cli.registration_input import lasts_option, members_given, registration_options
from idp.cli.sector_lists import listed
from idp.oidc.client_secrets import mint
from idp.oidc.registration.narrowing import take_out, takes_away
from idp.oidc.registration.policy import policy_of
from idp.oidc.registration.proving import has_secret
from idp.oidc.registration.rules import MEMBERS, describe, register
from idp.store.ports import VersionConflict

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from idp.domain.client import Client
    from idp.foundation import Foundation
    from idp.oidc.client_secrets import Minted
    from idp.oidc.registration.pictures import Pictured


@click.command()
@click.argument("client_id")
@registration_options
@click.option(
    "--unset",
    multiple=True,
    metavar="MEMBER",
    type=click.Choice(list(MEMBERS)),
    help="Clear a member of the registration; may be repeated.",
)
@click.option("--approve-public-subject", is_flag=True, help="Allow subject_type public.")
@click.option("--expect-version", type=int, help="Refuse if the client has another version.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@lasts_option
@config_option
@json_option
def edit(
    client_id: str,
    config_path: Path | None,
    *,
    yes: bool,
    as_json: bool,
    **values: Any,  # noqa: ANN401 - the options above, and one for each member
) -> None:
    """Change members of CLIENT_ID; all others stay.

    They are named by --from and by the options.
    """
    given = members_given(values)
    with opened(config_path) as foundation:
        with foundation.ledger.read() as unit:
            before = known(unit, client_id)
        if values["expect_version"] not in {None, before.version}:
            raise conflict(client_id)
        now = foundation.now()
        document = {**describe(before), **given, **dict.fromkeys(values["unset"])}
        if isinstance(given.get("client_name"), dict):
            document["client_name"] = {**before.name, **given["client_name"]}
        policy = policy_of(foundation.settings, public_subject=values["approve_public_subject"])
        found = listed(foundation, document, policy, former=before)
        with refused_by():
            after = register(document, policy, now=now, former=before, listed=found)
        changes = differences(before, after)
        if not changes:
            click.echo("nothing changes" if not as_json else json.dumps(full(before), indent=2))
            return
        for line in diff_lines(changes):
            click.echo(line, err=True)
        if not yes:
            click.confirm("Change it so?", abort=True, err=True)
        minted = _secret_if_needed(foundation, after, ends=now + timedelta(days=values["lasts"]))
        if minted is not None:
            after = replace(after, secrets=(minted.kept,))
        pictures = drawn(foundation, after, former=before)
        changed = _commit(
            foundation, before, pictures, at=now, change=f"edited {' '.join(sorted(changes))}"
        )
    made_known(changed, minted, said="is changed", as_json=as_json)
    tell(pictures)


@click.command()
@click.argument("client_id")
@config_option
@json_option
def disable(client_id: str, config_path: Path | None, *, as_json: bool) -> None:
    """Refuse CLIENT_ID from now on, and end all that it holds."""
    _switch(client_id, config_path, on=False, as_json=as_json)


@click.command()
@click.argument("client_id")
@config_option
@json_option
def enable(client_id: str, config_path: Path | None, *, as_json: bool) -> None:
    """Accept CLIENT_ID again; what ended stays ended."""
    _switch(client_id, config_path, on=True, as_json=as_json)


@click.command()
@click.argument("client_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
@json_option
def remove(client_id: str, config_path: Path | None, *, yes: bool, as_json: bool) -> None:
    """Take CLIENT_ID out, and end all that it holds; its identifier stays taken for ever."""
    with opened(config_path) as foundation:
        if not yes:
            with foundation.ledger.read() as unit:
                client = known(unit, client_id)
            click.confirm(
                f"Remove {client.id} ({client.display_name('en')}) for ever?", abort=True, err=True
            )
        now = foundation.now()
        with foundation.ledger.begin() as unit:
            client = known(unit, client_id)
            ended = take_out(unit, client, at=now)
            record(unit, client.id, at=now, change="removed")
    if as_json:
        click.echo(json.dumps({"client_id": client.id, "removed": True, "grants_ended": ended}))
    else:
        click.echo(f"{client.id} is removed; {ended} grants ended")


def _switch(client_id: str, config_path: Path | None, *, on: bool, as_json: bool) -> None:
    word = "enabled" if on else "disabled"
    with opened(config_path) as foundation:
        now = foundation.now()
        try:
            with foundation.ledger.begin() as unit:
                client = known(unit, client_id)
                changed = client.enabled is not on
                if changed:
                    save(unit, replace(client, enabled=on), at=now, change=word)
                if not on:
                    unit.grants.end_by_client(client.id, at=now)
                client = known(unit, client_id)
        except VersionConflict:
            raise conflict(client_id) from None
    said = f"is {word}" if changed else f"was {word} already"
    made_known(client, None, said=said, as_json=as_json)


def _secret_if_needed(foundation: Foundation, after: Client, *, ends: datetime) -> Minted | None:
    if not has_secret(after.auth) or after.secrets:
        return None
    return mint(entropy=foundation.entropy, expires_at=ends)


def _commit(
    foundation: Foundation, before: Client, pictures: Pictured, *, at: datetime, change: str
) -> Client:
    after = pictures.client
    try:
        with foundation.ledger.begin() as unit:
            unit.clients.replace(after, expected_version=before.version)
            pictures.keep(unit)
            if takes_away(before, after):
                unit.grants.end_by_client(after.id, at=at)
            record(unit, after.id, at=at, change=change)
            return known(unit, after.id)
    except VersionConflict:
        raise conflict(after.id) from None
