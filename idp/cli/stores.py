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
from idp.cli.phones import phone_kept_out
from idp.domain.audit_event import epoch_bumped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from idp.foundation import Foundation
    from idp.store.ports import Unit

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
    session is over. Phones that were removed since stay removed, where the Ledger that is replaced
    can still be read; every other one waits as a new one does, and its owner is asked about it.
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
        phones = _record_restore(foundation, epoch, at=at)
    if as_json:
        click.echo(json.dumps({"epoch": epoch, "phones_removed": phones}))
        return
    click.echo(f"restored from {folder}; epoch {epoch}: what was issued before is refused")
    click.echo(f"phones removed since the copy, which stay removed: {phones}")


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

    People sign in again; e-services use no refresh token of before. Phones wait as new ones do, and
    their owners are asked about them: some may have been removed since the copy.
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
        _doubt_phones(unit, foundation)
        unit.record(epoch_bumped(epoch=now, at=foundation.now(), actor=operator()))
    click.echo(json.dumps({"epoch": now}) if as_json else f"epoch {now}")


def _record_restore(foundation: Foundation, number: int, *, at: datetime) -> int:
    """Record the bump that the restore made; until then its epoch is higher, and unexplained.

    And tell e-services of the sessions that the restore ended ``at``: it had no keys to do so.
    Gives how many phones stay removed.
    """
    with foundation.ledger.begin() as unit:
        unit.record(epoch_bumped(epoch=number, at=foundation.now(), actor=operator()))
        unit.sessions.tell_ended_at(at)
        kept = [found for found in unit.phones.removed_devices(since=at) if found[2] == at]
        for device, person, _ in kept:
            unit.record(phone_kept_out(device, person, at=foundation.now(), why="before_restore"))
        _doubt_phones(unit, foundation)
    return len(kept)


def _doubt_phones(unit: Unit, foundation: Foundation) -> None:
    """Let phones wait as new ones do: among them may be some that were removed since the copy.

    Whoever logs in by card meanwhile is asked about each of theirs.
    """
    unit.phones.doubt_devices(until=foundation.now() + foundation.settings.phone.cooling)


@contextmanager
def _refusing() -> Iterator[None]:
    from idp.store.embedded.backup import BackupRefused

    try:
        yield
    except BackupRefused as error:
        raise click.ClickException(str(error)) from error
