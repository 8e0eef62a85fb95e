"""``sesame setup``: what a new deployment needs, made once; what is there is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from idp.cli.deployment import (
    clock_of,
    config_option,
    explained,
    json_option,
    operator,
    settings_from,
)
from idp.runtime import system_entropy, system_monotonic
from idp.store.ports import SchemaOutdated

if TYPE_CHECKING:
    from pathlib import Path

    from idp.foundation import Founded


@click.command()
@config_option
@json_option
def setup(config_path: Path | None, *, as_json: bool) -> None:
    """Prepare a deployment: stores, key-encryption key, vault, first signing keys.

    Run it again at any time: it makes what is missing and replaces nothing. Where the Ledger has a
    vault and the key-encryption key is gone, it stops: only the old one opens that vault.
    """
    from idp.foundation import found_keys
    from idp.store.opening import open_ephemeral

    settings = settings_from(config_path)
    with explained():
        before, after = _upgraded(settings.stores.ledger)
        founded = found_keys(
            settings,
            now=clock_of(settings),
            monotonic=system_monotonic,
            entropy=system_entropy,
            by=operator(),
        )
        short_lived = open_ephemeral(
            settings.stores.ephemeral, now=clock_of(settings), entropy=system_entropy
        )
        short_lived.generation()
        short_lived.close()
    steps = _steps(settings.keys.kek_file, before, after, founded)
    if as_json:
        click.echo(json.dumps(steps, indent=2))
        return
    for step in steps:
        click.echo(f"{'made' if step['made'] else 'kept':<5} {step['what']:<20} {step['detail']}")


def _upgraded(url: str) -> tuple[str | None, str | None]:
    """Give the schema's revision before and after; the migrations load only if there are any."""
    from idp.store.sql.revision import check, revision

    before = revision(url)
    try:
        check(url)
    except SchemaOutdated:
        from idp.store.sql.migrate import upgrade

        upgrade(url)
    return before, revision(url)


def _steps(
    kek_file: Path, before: str | None, after: str | None, founded: Founded
) -> list[dict[str, object]]:
    keys = ", ".join(f"{move.algorithm} {move.kid}" for move in founded.keys)
    return [
        {
            "what": "schema",
            "made": before != after,
            "detail": f"revision {after}"
            + (f", before {before}" if before not in {None, after} else ""),
        },
        {
            "what": "key-encryption key",
            "made": founded.kek_made,
            "detail": f"{kek_file} - keep a copy apart from every backup"
            if founded.kek_made
            else str(kek_file),
        },
        {"what": "vault", "made": founded.vault_founded, "detail": "sealed in the Ledger"},
        {"what": "signing keys", "made": bool(keys), "detail": keys or "see 'sesame keys list'"},
    ]
