"""``sesame db``, ``backup``, ``restore`` and ``epoch``: the stores, by an operator's hand."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import click

from idp.cli.deployment import (
    clock_of,
    config_option,
    explained,
    json_option,
    opened,
    operator,
    settings_from,
)
from idp.domain.audit_event import epoch_bumped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from idp.foundation import Foundation

_HELP = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=_HELP)
def db() -> None:
    """Upgrade or check the Ledger's schema."""


@db.command()
@config_option
@json_option
def upgrade(config_path: Path | None, *, as_json: bool) -> None:
    """Bring the schema to what this program needs; a second run changes nothing.

    Old workers go on beside the new schema: upgrade first, then restart them one by one.
    """
    from idp.store.sql import migrate
    from idp.store.sql.revision import revision

    url = settings_from(config_path).stores.ledger
    with explained():
        before = revision(url)
        migrate.upgrade(url)
        after = revision(url)
    if as_json:
        click.echo(json.dumps({"before": before, "after": after}))
    elif before == after:
        click.echo(f"the schema is up to date: revision {after}")
    else:
        click.echo(f"upgraded from {before or 'nothing'} to revision {after}")


@db.command()
@config_option
@json_option
def check(config_path: Path | None, *, as_json: bool) -> None:
    """Check that the schema is not older than this program."""
    from idp.store.sql import revision

    url = settings_from(config_path).stores.ledger
    with explained():
        revision.check(url)
        found = revision.revision(url)
    click.echo(
        json.dumps({"revision": found}) if as_json else f"the schema is usable: revision {found}"
    )


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@config_option
@json_option
def backup(folder: Path, config_path: Path | None, *, as_json: bool) -> None:
    """Copy the embedded stores into the new FOLDER, while they are in use.

    The key-encryption key is not in the copy, and nothing in it opens without that key: keep the
    two apart.
    """
    from idp.store.embedded import backup as copies

    settings = settings_from(config_path)
    with explained(), _refusing():
        manifest = copies.backup(
            ledger=settings.stores.ledger,
            ephemeral=settings.stores.ephemeral,
            folder=folder,
            at=clock_of(settings)(),
        )
    made_at = manifest.made_at.astimezone(UTC).isoformat(timespec="seconds")
    if as_json:
        click.echo(
            json.dumps({"made_at": made_at, "revision": manifest.revision, "epoch": manifest.epoch})
        )
        return
    click.echo(f"copied to {folder} at {made_at}: revision {manifest.revision}")
    click.echo(f"keep {settings.keys.kek_file} somewhere else: the copy does not open without it")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
@json_option
def restore(folder: Path, config_path: Path | None, *, yes: bool, as_json: bool) -> None:
    """Put the backup in FOLDER in the place of the stores; every role must have stopped.

    What was written since the copy is lost, every token issued before now is refused, and every
    session is over.
    """
    from idp.store.embedded import backup as copies
    from idp.store.sql import migrate

    settings = settings_from(config_path)
    if not yes:
        click.confirm(
            "What was written since the copy will be lost, and issued tokens refused. Restore it?",
            abort=True,
            err=True,
        )
    at = clock_of(settings)()
    with explained(), _refusing():
        epoch = copies.restore(
            folder=folder,
            ledger=settings.stores.ledger,
            ephemeral=settings.stores.ephemeral,
            at=at,
        )
        migrate.upgrade(settings.stores.ledger)
    with opened(config_path) as foundation:
        _record_restore(foundation, epoch, at=at)
    click.echo(
        json.dumps({"epoch": epoch})
        if as_json
        else f"restored from {folder}; epoch {epoch}: what was issued before is refused"
    )


@click.group(context_settings=_HELP)
def epoch() -> None:
    """Show or bump the epoch that every issued artefact carries."""


@epoch.command()
@config_option
@json_option
def show(config_path: Path | None, *, as_json: bool) -> None:
    """Show the epoch."""
    with opened(config_path) as foundation, foundation.ledger.read() as unit:
        now = unit.epoch()
    click.echo(json.dumps({"epoch": now}) if as_json else str(now))


@epoch.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
@json_option
def bump(config_path: Path | None, *, yes: bool, as_json: bool) -> None:
    """Refuse every code and token issued until now; after a promotion of a copied database.

    People sign in again; e-services use no refresh token of before.
    """
    if not yes:
        click.confirm(
            "Every code and token issued until now will be refused. Bump the epoch?",
            abort=True,
            err=True,
        )
    with opened(config_path) as foundation, foundation.ledger.begin() as unit:
        now = unit.bump_epoch()
        unit.sessions.end_all(at=foundation.now())
        unit.record(epoch_bumped(epoch=now, at=foundation.now(), actor=operator()))
    click.echo(json.dumps({"epoch": now}) if as_json else f"epoch {now}")


def _record_restore(foundation: Foundation, number: int, *, at: datetime) -> None:
    """Record the bump that the restore made; until then its epoch is higher, and unexplained.

    And tell e-services of the sessions that the restore ended ``at``: it had no keys to do so.
    """
    with foundation.ledger.begin() as unit:
        unit.record(epoch_bumped(epoch=number, at=foundation.now(), actor=operator()))
        unit.sessions.tell_ended_at(at)


@contextmanager
def _refusing() -> Iterator[None]:
    from idp.store.embedded.backup import BackupRefused

    try:
        yield
    except BackupRefused as error:
        raise click.ClickException(str(error)) from error
