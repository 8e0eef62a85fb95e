"""``sesame audit``: prove that the trail is whole, keep its heads elsewhere, and read it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from idp.audit.verify import verify as check
from idp.cli.deployment import config_option, json_option, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from idp.audit.verify import Report
    from idp.store.ports import Ledger
    from idp.store.upkeep import AuditRow

_PAGE: Final = 1000
_MOST_UNSEALED: Final = 100_000
_SAID: Final = {
    "row_changed": "the row's payload was changed",
    "row_erased": "what the row told was erased, and no event says that its time was over",
    "row_missing": "a row was removed",
    "link_broken": "the row, or one before it, was changed, removed or reordered",
    "tail_cut": "rows from here on were removed: a signed head saw them",
    "head_forged": "a head was not signed by this deployment",
    "head_differs": "a signed head saw another past",
}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def audit() -> None:
    """Verify and read the audit trail; export its signed heads."""


@audit.command()
@click.option(
    "--head",
    "head_files",
    multiple=True,
    type=click.File("r", encoding="ascii"),
    help="File with exported heads, kept elsewhere; may be repeated.",
)
@config_option
@json_option
def verify(head_files: tuple[Any, ...], config_path: Path | None, *, as_json: bool) -> None:
    """Check the whole trail; ends with 1 when something is wrong, and says where."""
    exported = [line.strip() for file in head_files for line in file if line.strip()]
    with opened(config_path) as foundation:
        report = check(
            foundation.ledger, foundation.vault, foundation.audit_signer, exported=exported
        )
    _tell(report, as_json=as_json)
    if report.findings:
        raise click.exceptions.Exit(1)


@audit.group()
def heads() -> None:
    """Signed statements of where the trail stood."""


@heads.command()
@click.argument("target", metavar="[FILE]", type=click.File("w", encoding="ascii"), default="-")
@config_option
def export(target: Any, config_path: Path | None) -> None:  # noqa: ANN401 - click's open file
    """Write every head, one a line, to FILE or standard output: keep them on another machine."""
    with opened(config_path) as foundation, foundation.ledger.read() as unit:
        found = unit.audit.heads()
    for head in found:
        target.write(head.statement + "\n")
    click.echo(f"{len(found)} heads", err=True)


@heads.command()
@config_option
def key(config_path: Path | None) -> None:
    """Print the public key (JWK) that heads are signed with, for whoever keeps them."""
    with opened(config_path) as foundation:
        click.echo(json.dumps(foundation.audit_signer.public_jwk()))


@audit.command()
@click.option("--since", help="A day, or a time with its zone.")
@click.option("--until", help="A day, or a time with its zone; not included.")
@click.option("--person", help="The opaque identifier.")
@click.option("--client", help="The client's identifier.")
@click.option("--transaction", help="As error pages and logs name it.")
@click.option("--kind", help="As code.issued, or client for client.changed and its like.")
@config_option
@json_option
def show(config_path: Path | None, *, as_json: bool, **asked: str | None) -> None:
    """Print the events asked for, the oldest first; with --json one object a line."""
    wanted = _filter(asked)
    with opened(config_path) as foundation:
        for row in _rows(foundation.ledger):
            event = None if row.payload is None else json.loads(row.payload)
            if wanted(row, event):
                click.echo(_as_json(row, event) if as_json else _as_line(row, event))


def _rows(ledger: Ledger) -> Iterator[AuditRow]:
    """Give sealed rows by their place in the chain, then those that wait for one."""
    after = 0
    while True:
        with ledger.read() as unit:
            page = unit.audit.rows(after=after, limit=_PAGE)
            waiting = unit.audit.unsealed(limit=_MOST_UNSEALED) if len(page) < _PAGE else ()
        yield from page
        yield from waiting
        if len(page) < _PAGE:
            return
        after = page[-1].sequence or after


def _filter(asked: dict[str, str | None]) -> Callable[[AuditRow, dict[str, Any] | None], bool]:
    since, until = (_moment(name, asked[name]) for name in ("since", "until"))
    kind = asked["kind"]
    named = {
        name: asked[name] for name in ("person", "client", "transaction") if asked[name] is not None
    }

    def wanted(row: AuditRow, event: dict[str, Any] | None) -> bool:
        if (since is not None and row.at < since) or (until is not None and row.at >= until):
            return False
        if kind is not None and kind not in {row.stream, (event or {}).get("kind")}:
            return False
        return all((event or {}).get(name) == value for name, value in named.items())

    return wanted


def _moment(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is not None and found.tzinfo is None and len(text) == len("2027-01-31"):
        found = found.replace(tzinfo=UTC)
    if found is None or found.tzinfo is None:
        raise click.UsageError(
            f"--{name}: write a day (2027-01-31) or a time with its zone (2027-01-31T12:00:00Z)"
        )
    return found


def _as_json(row: AuditRow, event: dict[str, Any] | None) -> str:
    return json.dumps({"id": row.id, "sequence": row.sequence, "event": event})


def _as_line(row: AuditRow, event: dict[str, Any] | None) -> str:
    place = "unsealed" if row.sequence is None else str(row.sequence)
    if event is None:
        return f"{place:>8}  {row.at.isoformat()}  {row.stream}  (payload erased)"
    rest = " ".join(
        f"{name}={value}"
        for name, value in (*event.items(), *event.get("details", {}).items())
        if name not in {"at", "kind", "details"}
    )
    return f"{place:>8}  {row.at.isoformat()}  {event['kind']}  {rest}".rstrip()


def _tell(report: Report, *, as_json: bool) -> None:
    if as_json:
        told = {
            "whole": not report.findings,
            "rows": report.rows,
            "erased": report.erased,
            "unsealed": report.unsealed,
            "heads": report.heads,
            "findings": [
                {"fault": one.fault, "sequence": one.sequence, "says": _SAID[one.fault]}
                for one in report.findings
            ],
        }
        click.echo(json.dumps(told, indent=2))
        return
    click.echo(
        f"{report.rows} rows ({report.erased} erased), {report.heads} heads, "
        f"{report.unsealed} rows not sealed yet"
    )
    for one in report.findings:
        click.echo(f"row {one.sequence}: {_SAID[one.fault]} ({one.fault})")
    click.echo("the trail is whole" if not report.findings else "the trail is NOT whole")
