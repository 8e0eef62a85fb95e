"""The commands of ``sesame agent``, which need none of the server's libraries.

A composition root: here, and nowhere else in this package, clock and randomness are read.
"""

from __future__ import annotations

import datetime as dt
import errno
import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import click

from cardreader.agent.api import Origins
from cardreader.agent.card_cli import card
from cardreader.agent.desk import Desk
from cardreader.agent.httpd import AgentServer
from cardreader.agent.install_cli import COMMANDS
from cardreader.agent.loopback import Agent
from cardreader.agent.manifest import ExtensionIdMalformed, manifest
from cardreader.agent.native_host import Host
from cardreader.agent.options import assembled, reader_options
from cardreader.errors import CardError

if TYPE_CHECKING:
    from cardreader.agent.browsers import Family

__all__ = ["agent", "card"]
PORT: Final = 8403


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@click.group()
def agent() -> None:
    """Run the citizen's card agent."""


@agent.command()
@reader_options
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--allow-origin",
    "allowed",
    multiple=True,
    metavar="ORIGIN",
    help="A website that may ask for a signature, as its browser writes it. May repeat.",
)
@click.option(
    "--allow-http-localhost",
    is_flag=True,
    help="Let http://localhost[:port] ask and be signed as https. For a demonstration only.",
)
def run(
    *,
    reader: str | None,
    cards: Path | None,
    insert: str | None,
    port: int,
    allowed: tuple[str, ...],
    allow_http_localhost: bool,
) -> None:
    """Serve the wallet and the PIN page on 127.0.0.1 until Ctrl-C."""
    found = assembled(reader, cards, insert)
    origins = Origins(allowed=frozenset(allowed), allow_http_localhost=allow_http_localhost)
    for origin in allowed:
        _check_allowed(origins, origin)
    try:
        server = AgentServer(port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise click.ClickException(
            f"port {port} is taken: stop what listens there, or choose another with --port"
        ) from error
    with server:
        served = Agent(
            Desk(now=_now, entropy=secrets.token_bytes),
            found.slots,
            rack=found.rack,
            origins=origins,
            port=server.port,
            now=_now,
            entropy=secrets.token_bytes,
        )
        server.answer = served.answer
        click.echo(f"The card agent is at {served.base}/ (Ctrl-C stops it)")
        if not allowed:
            click.echo("No website may ask for a signature: name one with --allow-origin.")
        sys.stdout.flush()
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            click.echo("The card agent has stopped.")


@agent.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@reader_options
@click.option(
    "--prompt",
    type=click.Choice(["browser", "terminal"]),
    default="browser",
    show_default=True,
    help="Where the PIN is asked: a page of the agent, or the terminal (/dev/tty).",
)
def native(*, reader: str | None, cards: Path | None, insert: str | None, prompt: str) -> None:
    """Answer one command of the Web eID browser extension on standard input and output.

    Browsers start this themselves, by a manifest (see 'sesame agent install'), and add arguments
    of their own, which are ignored.
    """
    found = assembled(reader, cards, insert)
    Host(found, now=_now, entropy=secrets.token_bytes, prompt=prompt).run()


@agent.command(name="manifest")
@click.option("--browser", type=click.Choice(["chrome", "firefox"]), required=True)
@click.option("--extension-id", required=True, help="The one extension that may start the host.")
@click.option(
    "--program",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="An executable that runs 'sesame agent native' with your options.",
)
def write_manifest(*, browser: str, extension_id: str, program: Path) -> None:
    """Print the manifest by which a browser finds the native host.

    For a browser that 'sesame agent install' does not know: save it as eu.webeid.json where that
    browser looks for native messaging hosts.
    """
    try:
        written = manifest(
            cast("Family", browser), extensions=[extension_id], program=program.absolute()
        )
    except ExtensionIdMalformed as error:
        raise click.UsageError(f"that is not an extension id of {browser}.") from error
    click.echo(json.dumps(written, indent=2))


for _command in COMMANDS:
    agent.add_command(_command)


def _check_allowed(origins: Origins, origin: str) -> None:
    try:
        origins.signed(origin)
    except CardError as error:
        raise click.UsageError(
            f"{origin} cannot ask: give https://host[:port], or http://localhost[:port] together "
            "with --allow-http-localhost."
        ) from error
