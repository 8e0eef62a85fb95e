"""The table of commands. A row names the module that holds the command; only that one is loaded.

``sesame card`` and ``sesame agent`` therefore run where the server's libraries are not installed.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    module: str
    attribute: str
    summary: str
    extra: str | None = None


TABLE: Final[Mapping[str, _Row]] = {
    "serve": _Row(
        module="idp.cli.serve",
        attribute="serve",
        summary="Run the provider's workers (with --all, every role).",
        extra="server",
    ),
    "wait": _Row(
        module="idp.cli.wait",
        attribute="wait",
        summary="Hold the browsers that wait for a phone, and wake them.",
        extra="server",
    ),
    "housekeep": _Row(
        module="idp.cli.serve",
        attribute="housekeep",
        summary="Run the background jobs: sealing, promotion, purge, outbox.",
        extra="server",
    ),
    "setup": _Row(
        module="idp.cli.setup",
        attribute="setup",
        summary="Prepare a new deployment: key-encryption key, stores, first signing key.",
        extra="server",
    ),
    "db": _Row(
        module="idp.cli.stores",
        attribute="db",
        summary="Upgrade or check the Ledger's schema.",
        extra="server",
    ),
    "backup": _Row(
        module="idp.cli.stores",
        attribute="backup",
        summary="Copy the embedded stores to a folder.",
        extra="server",
    ),
    "restore": _Row(
        module="idp.cli.stores",
        attribute="restore",
        summary="Bring a backup back; everything issued before is refused.",
        extra="server",
    ),
    "epoch": _Row(
        module="idp.cli.stores",
        attribute="epoch",
        summary="Show or bump the epoch that issued artefacts carry.",
        extra="server",
    ),
    "clients": _Row(
        module="idp.cli.clients",
        attribute="clients",
        summary="Add, show, list, edit, disable and remove registrations.",
        extra="server",
    ),
    "people": _Row(
        module="idp.cli.people",
        attribute="people",
        summary="Change the state of a person; seed people in test environments.",
        extra="server",
    ),
    "phones": _Row(
        module="idp.cli.phones",
        attribute="phones",
        summary="List removed phones, and remove them again after a restore.",
        extra="server",
    ),
    "keys": _Row(
        module="idp.cli.keyring",
        attribute="keys",
        summary="List, generate, promote, retire and rotate signing keys.",
        extra="server",
    ),
    "audit": _Row(
        module="idp.cli.audit",
        attribute="audit",
        summary="Verify the audit trail and export its signed heads.",
        extra="server",
    ),
    "receipts": _Row(
        module="idp.cli.receipts",
        attribute="receipts",
        summary="Check what somebody approved by phone, offline; write a receipt again.",
        extra="server",
    ),
    "doctor": _Row(
        module="idp.cli.doctor",
        attribute="doctor",
        summary="Look for what is wrong with this deployment and say how to mend it.",
        extra="server",
    ),
    "conformance": _Row(
        module="idp.cli.conformance",
        attribute="conformance",
        summary="Make a deployment ready for the OpenID Foundation's conformance suite.",
        extra="server",
    ),
    "card": _Row(
        module="cardreader.agent.cli",
        attribute="card",
        summary="Read an eID card in a reader.",
    ),
    "agent": _Row(
        module="cardreader.agent.cli",
        attribute="agent",
        summary="Run the citizen's card agent (loopback, or for the browser extension).",
    ),
}


class LazyTable(click.Group):
    """A click group that imports a command when it is asked for, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names in the order of the table."""
        del ctx
        return list(TABLE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and give one command, or explain which extra brings it."""
        del ctx
        row = TABLE.get(cmd_name)
        if row is None:
            return None
        try:
            command = getattr(importlib.import_module(row.module), row.attribute)
        except ModuleNotFoundError as error:
            if row.extra is None or (error.name or "").startswith(("idp", "cardreader", "keys")):
                raise
            raise click.ClickException(
                f"'sesame {cmd_name}' needs the library {error.name}: "
                f"pip install 'sesame-idp[{row.extra}]'"
            ) from error
        if not isinstance(command, click.Command):
            raise TypeError(row.attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, importing none of them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.summary) for name, row in TABLE.items()])


@click.command(cls=LazyTable, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sesame-idp")
def main() -> None:
    """Sesame: electronic identity and mobile authentication."""
