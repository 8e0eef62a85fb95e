"""``sesame clients``: registrations, checked by the rules and effective when the command returns.

Every change is one unit of work with its audit row; a change that takes something away ends, in the
same unit, what the client holds.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from idp.cli.client_changes import disable, edit, enable, remove
from idp.cli.client_output import brief, card, full, made_known, refused_by
from idp.cli.client_rows import known, record
from idp.cli.client_secrets import secret
from idp.cli.deployment import config_option, json_option, opened
from idp.cli.invitations import invitations, invite, uninvite
from idp.cli.logos import drawn, logo, tell
from idp.cli.registration_input import lasts_option, members_given, registration_options
from idp.cli.sector_lists import listed
from idp.domain.client import ClientId
from idp.oidc.client_secrets import mint
from idp.oidc.registration.policy import policy_of
from idp.oidc.registration.proving import has_secret
from idp.oidc.registration.rules import register
from idp.store.ports import Duplicate

if TYPE_CHECKING:
    from pathlib import Path


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def clients() -> None:
    """Add, show, list, edit, disable and remove registrations."""


@clients.command()
@click.argument("client_id", required=False)
@registration_options
@click.option(
    "--approve-public-subject",
    is_flag=True,
    help="Allow subject_type public: e-services could compare their citizens.",
)
@lasts_option
@config_option
@json_option
def add(
    client_id: str | None,
    config_path: Path | None,
    *,
    approve_public_subject: bool,
    lasts: int,
    as_json: bool,
    **values: Any,  # noqa: ANN401 - one for each member
) -> None:
    """Register the client CLIENT_ID (or the one that --from names)."""
    document = members_given(values)
    if client_id is not None:
        document["client_id"] = client_id
    with opened(config_path) as foundation:
        now = foundation.now()
        policy = policy_of(foundation.settings, public_subject=approve_public_subject)
        found = listed(foundation, document, policy)
        with refused_by():
            client = register(document, policy, now=now, listed=found)
        minted = None
        if has_secret(client.auth):
            ends = now + timedelta(days=lasts)
            minted = mint(entropy=foundation.entropy, expires_at=ends)
            client = replace(client, secrets=(minted.kept,))
        pictures = drawn(foundation, client)
        client = pictures.client
        try:
            with foundation.ledger.begin() as unit:
                unit.clients.add(client)
                pictures.keep(unit)
                record(unit, client.id, at=now, change="added")
        except Duplicate:
            raise click.ClickException(
                f"the identifier {client.id} is taken, or was once: identifiers are never given "
                "out again; choose another, or edit the client that has it"
            ) from None
    made_known(client, minted, said="is registered", as_json=as_json)
    tell(pictures)


@clients.command()
@click.argument("client_id")
@config_option
@json_option
def show(client_id: str, config_path: Path | None, *, as_json: bool) -> None:
    """Show a registration, as TOML that 'add' and 'edit' take with --from."""
    with opened(config_path) as foundation, foundation.ledger.read() as unit:
        client = known(unit, client_id)
    click.echo(json.dumps(full(client), indent=2, ensure_ascii=False) if as_json else card(client))


@clients.command(name="list")
@config_option
@json_option
def list_clients(config_path: Path | None, *, as_json: bool) -> None:
    """List the registrations by identifier."""
    with opened(config_path) as foundation, foundation.ledger.read() as unit:
        found = unit.clients.all()
    if as_json:
        rows = [full(client) for client in found]
        click.echo(json.dumps({"clients": rows}, indent=2, ensure_ascii=False))
        return
    for client in found:
        click.echo(brief(client))
    if not found:
        click.echo("no client is registered; see 'sesame clients add --help'", err=True)


@clients.command()
@click.argument("client_id")
@config_option
@json_option
def history(client_id: str, config_path: Path | None, *, as_json: bool) -> None:
    """Show every change of a registration, the oldest first.

    Those of removed clients too.
    """
    with opened(config_path) as foundation, foundation.ledger.read() as unit:
        changes = unit.clients.history(ClientId(client_id))
    if not changes:
        raise click.ClickException(f"there was never a client {client_id}")
    rows = [
        {
            "version": change.version,
            "at": change.at.isoformat(),
            "before": None if change.before is None else full(change.before),
            "after": None if change.after is None else full(change.after),
        }
        for change in changes
    ]
    if as_json:
        click.echo(json.dumps({"history": rows}, indent=2, ensure_ascii=False))
        return
    for change in changes:
        said = "added" if change.before is None else "changed" if change.after else "removed"
        click.echo(f"{change.at.isoformat()}  version {change.version}  {said}")


for command in (edit, disable, enable, remove, logo, secret, invite, invitations, uninvite):
    clients.add_command(command)
