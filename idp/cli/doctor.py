"""``sesame doctor``: every part looked at, each fault with its remedy."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from idp import log
from idp.cli import examining
from idp.cli.deployment import clock_of, config_option, json_option
from idp.cli.examining import Finding, fail
from idp.config import ConfigRefused, load
from idp.errors import Refused
from idp.runtime import system_entropy, system_monotonic
from idp.store.ports import SchemaOutdated, UnsafeStore
from keys.errors import KeysError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from idp.config import Settings


@click.command()
@config_option
@json_option
@click.pass_context
def doctor(context: click.Context, config_path: Path | None, *, as_json: bool) -> None:
    """Look for what is wrong with this deployment and say how to mend it.

    Safe beside a running service. Ends with 1 if something fails.
    """
    findings = list(examine(config_path))
    failed = any(finding.verdict == "fail" for finding in findings)
    if as_json:
        report = {"healthy": not failed, "findings": [asdict(finding) for finding in findings]}
        click.echo(json.dumps(report, indent=2))
    else:
        for finding in findings:
            click.echo(_line(finding))
    context.exit(int(failed))


def examine(config_path: Path | None) -> Iterator[Finding]:
    """Look at every part; a part that cannot be looked at is a finding, not the end."""
    try:
        settings = load(config_path)
    except ConfigRefused as error:
        for problem in str(error).splitlines():
            yield fail("configuration", problem, "correct the file or the variable")
        return
    for look in (
        examining.configuration,
        examining.certificates,
        examining.disk,
        examining.trust,
        examining.networks,
        examining.listeners,
        examining.waiting,
        examining.kek,
    ):
        yield from _looked(_part(look), look, settings)
    yield from _looked("ledger", _stores, settings)


def _stores(settings: Settings) -> Iterator[Finding]:
    """Open the stores once, and look at what needs them open."""
    from idp.foundation import lay

    foundation = lay(
        settings, now=clock_of(settings), monotonic=system_monotonic, entropy=system_entropy
    )
    try:
        for look in (
            examining.ledger,
            examining.ephemeral,
            examining.keys,
            examining.audit,
            examining.clients,
            examining.leases,
        ):
            yield from _looked(_part(look), look, foundation)
    finally:
        foundation.close()


def _looked(
    part: str, look: Callable[[Any], Iterable[Finding]], subject: object
) -> Iterator[Finding]:
    try:
        yield from look(subject)
    except SchemaOutdated as error:
        says, _, mend = str(error).partition(": ")
        yield fail(part, f"the {says}", mend)
    except UnsafeStore as error:
        says, _, mend = str(error).partition(": ")
        yield fail(part, says, mend)
    except Refused as error:
        yield fail(part, error.detail or error.problem.code, "see whether the store runs, has room")
    except KeysError as error:
        yield fail(part, str(error), "")
    except Exception as error:  # noqa: BLE001 - the doctor goes on to the next part
        yield fail(part, f"cannot be looked at: {log.where(error)}", "tell the developers")


def _part(look: Callable[..., object]) -> str:
    return {"listeners": "serve", "waiting": "wait", "leases": "housekeep"}.get(
        look.__name__, look.__name__
    )


def _line(finding: Finding) -> str:
    line = f"{finding.verdict:<4}  {finding.part:<13} {finding.says}"
    return f"{line}\n{'':<19} → {finding.mend}" if finding.mend else line
