"""Rotating a client's secret: a new one beside the old, and then the old one's end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import click

from idp.cli.client_output import made_known
from idp.cli.client_rows import conflict, known, save
from idp.cli.deployment import config_option, json_option, opened
from idp.cli.registration_input import lasts_option
from idp.oidc.client_secrets import mint, reference
from idp.oidc.registration.proving import has_secret
from idp.store.ports import VersionConflict

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from idp.domain.client import Client, Secret

_MOST: Final = 5


@click.group()
def secret() -> None:
    """Add and expire secrets of a client."""


@secret.command(name="add")
@click.argument("client_id")
@lasts_option
@click.option(
    "--overlap",
    type=click.IntRange(0, 730),
    default=30,
    show_default=True,
    help="Days that the secrets before it stay good at most.",
)
@config_option
@json_option
def add_secret(
    client_id: str, config_path: Path | None, *, lasts: int, overlap: int, as_json: bool
) -> None:
    """Make a new secret, shown once; the former ones end after the overlap."""
    with opened(config_path) as foundation:
        now = foundation.now()
        minted = mint(entropy=foundation.entropy, expires_at=now + timedelta(days=lasts))
        try:
            with foundation.ledger.begin() as unit:
                client = known(unit, client_id)
                kept = _shortened(client, at=now, ends=now + timedelta(days=overlap))
                save(
                    unit,
                    replace(client, secrets=(*kept, minted.kept)),
                    at=now,
                    change=f"secret {reference(minted.kept)} added",
                )
                client = known(unit, client_id)
        except VersionConflict:
            raise conflict(client_id) from None
    made_known(client, minted, said="has a new secret", as_json=as_json)


@secret.command()
@click.argument("client_id")
@click.argument("secret_reference", metavar="REFERENCE")
@config_option
@json_option
def expire(
    client_id: str, secret_reference: str, config_path: Path | None, *, as_json: bool
) -> None:
    """End the secret REFERENCE (as 'show' names it) now."""
    with opened(config_path) as foundation:
        now = foundation.now()
        try:
            with foundation.ledger.begin() as unit:
                client = known(unit, client_id)
                kept = tuple(one for one in client.secrets if reference(one) != secret_reference)
                if len(kept) == len(client.secrets):
                    raise click.ClickException(f"{client_id} has no secret {secret_reference}")
                if not any(one.expires_at > now for one in kept):
                    raise click.ClickException(
                        "this is the last secret that is good; add another first, "
                        f"or refuse the client with 'sesame clients disable {client_id}'"
                    )
                save(
                    unit,
                    replace(client, secrets=kept),
                    at=now,
                    change=f"secret {secret_reference} expired",
                )
                client = known(unit, client_id)
        except VersionConflict:
            raise conflict(client_id) from None
    made_known(client, None, said=f"no longer has the secret {secret_reference}", as_json=as_json)


def _shortened(client: Client, *, at: datetime, ends: datetime) -> tuple[Secret, ...]:
    """Give the secrets that are still good, none of them longer than until ``ends``."""
    if not has_secret(client.auth):
        raise click.ClickException(
            f"{client.id} proves itself by {client.auth}, not by a secret; "
            "see 'sesame clients edit --auth-method'"
        )
    live = [
        replace(one, expires_at=min(one.expires_at, ends))
        for one in client.secrets
        if one.expires_at > at
    ]
    if len(live) >= _MOST:
        raise click.ClickException(f"{client.id} has {_MOST} secrets already; expire one first")
    return tuple(one for one in live if one.expires_at > at)
