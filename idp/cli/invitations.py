"""``sesame clients invite``: words to e-services by which they register themselves, each counted.

The token of an invitation is shown once; what is kept is its digest. Taking one back touches nobody
who came by it.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from idp.cli.deployment import config_option, json_option, opened, operator
from idp.domain import audit_event
from idp.domain.invitation import Invitation
from idp.oidc import paths
from idp.oidc.dynamic import tokens

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST_NOTE = 200


@click.command()
@click.option(
    "--uses",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="How many clients may come by it.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 365),
    default=7,
    show_default=True,
    help="How long it may be used.",
)
@click.option("--note", default="", help="Whom it is for; operators read it.")
@config_option
@json_option
def invite(uses: int, days: int, note: str, config_path: Path | None, *, as_json: bool) -> None:
    """Let somebody register clients of theirs; the token is shown once.

    They send it to the registration endpoint. Needs registration.mode = "token".
    """
    if len(note) > _LONGEST_NOTE or not note.isprintable():
        raise click.UsageError(f"--note is at most {_LONGEST_NOTE} visible characters")
    with opened(config_path) as foundation:
        settings = foundation.settings
        if settings.registration.mode == "off":
            raise click.ClickException('nobody can use it: set registration.mode = "token" first')
        token, digest = tokens.make(foundation.entropy)
        now = foundation.now()
        invitation = Invitation(
            digest=digest,
            most=uses,
            created_at=now,
            expires_at=now + timedelta(days=days),
            by=operator(),
            note=note,
        )
        with foundation.ledger.begin() as unit:
            unit.registrations.invite(invitation)
            unit.record(
                audit_event.clients_invited(
                    invitation=invitation.reference,
                    at=now,
                    actor=operator(),
                    change=f"made for {uses} until {invitation.expires_at.isoformat()}",
                )
            )
        address = settings.issuer + paths.REGISTER
    told = {"initial_access_token": token, "registration_endpoint": address, **_row(invitation)}
    if as_json:
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    click.echo(f"initial_access_token = {token}")
    click.echo(
        f"shown once, good for {uses} at {address} until {invitation.expires_at.isoformat()}; "
        f"reference {invitation.reference}",
        err=True,
    )


@click.command()
@config_option
@json_option
def invitations(config_path: Path | None, *, as_json: bool) -> None:
    """List the invitations that are not over, the newest first."""
    with opened(config_path) as foundation, foundation.ledger.read() as unit:
        now = foundation.now()
        rows = [_row(one) for one in unit.registrations.invitations() if now < one.expires_at]
    if as_json:
        click.echo(json.dumps({"invitations": rows}, indent=2, ensure_ascii=False))
        return
    for row in rows:
        used = f"{row['used']} of {row['uses']} used"
        click.echo(f"{row['reference']}  {used:<16}  until {row['expires_at']}  {row['note']}")
    if not rows:
        click.echo("nobody is invited; see 'sesame clients invite --help'", err=True)


@click.command()
@click.argument("reference")
@config_option
def uninvite(reference: str, config_path: Path | None) -> None:
    """Take back the invitation REFERENCE; who came by it stays."""
    with opened(config_path) as foundation:
        now = foundation.now()
        with foundation.ledger.begin() as unit:
            found = [one for one in unit.registrations.invitations() if one.reference == reference]
            if not found:
                raise click.ClickException(
                    f"there is no invitation {reference}; see 'sesame clients invitations'"
                )
            unit.registrations.withdraw(found[0].digest)
            unit.record(
                audit_event.clients_invited(
                    invitation=reference, at=now, actor=operator(), change="taken back"
                )
            )
    click.echo(f"{reference} is taken back")


def _row(invitation: Invitation) -> dict[str, Any]:
    return {
        "reference": invitation.reference,
        "uses": invitation.most,
        "used": invitation.used,
        "created_at": invitation.created_at.isoformat(),
        "expires_at": invitation.expires_at.isoformat(),
        "by": invitation.by,
        "note": invitation.note,
    }
