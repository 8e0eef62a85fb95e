"""The commands ``sesame card`` and ``sesame agent``, which need none of the server's libraries.

A composition root: here, and nowhere else in this package, clock and randomness are read.
"""

from __future__ import annotations

import datetime as dt
import errno
import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from cardreader.agent.api import Origins
from cardreader.agent.assembly import Assembled, assemble, pem_certificates
from cardreader.agent.desk import Desk
from cardreader.agent.httpd import AgentServer
from cardreader.agent.loopback import Agent
from cardreader.agent.manifest import ExtensionIdMalformed, manifest
from cardreader.agent.native_host import Host
from cardreader.errors import CardAbsent, CardError, ReaderUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardreader.agent.manifest import Browser
    from cardreader.agent.slots import SlotView

PORT: Final = 8403
_PROBLEMS: Final = {
    "reader_unavailable": "no card reader was found",
    "card_absent": "there is no card in the reader",
    "card_unknown": "the card is not a Belgian eID card",
    "certificate_absent": "the card has no such certificate",
}


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _reader_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        (
            click.option(
                "--reader",
                "kind",
                type=click.Choice(["pcsc", "virtual"]),
                help="Real readers, or a software one. Default: virtual where --cards is given.",
            ),
            click.option(
                "--cards",
                type=click.Path(exists=True, file_okay=False, path_type=Path),
                help="The folder of software cards.",
            ),
            click.option("--insert", help="The software card to put in at the start."),
        )
    ):
        command = option(command)
    return command


def _assembled(kind: str | None, cards: Path | None, insert: str | None) -> Assembled:
    if kind == "virtual" and cards is None:
        raise click.UsageError("--reader virtual needs --cards FOLDER.")
    if kind == "pcsc" and cards is not None:
        raise click.UsageError("--cards is for the software reader; leave out --reader pcsc.")
    try:
        assembled = assemble(cards, entropy=secrets.token_bytes)
    except ReaderUnavailable as error:
        raise click.ClickException(
            "real readers need the smart card service and pyscard "
            "(pip install 'sesame-idp[pcsc]'); software cards need --cards FOLDER"
        ) from error
    if insert is not None:
        if assembled.rack is None:
            raise click.UsageError(
                "--insert is for software cards: name their folder with --cards."
            )
        try:
            assembled.rack.insert(insert)
        except CardAbsent as error:
            raise click.UsageError(f"no card {insert} in {cards}.") from error
    return assembled


def _explained(error: CardError) -> click.ClickException:
    return click.ClickException(_PROBLEMS.get(error.code, f"the card failed ({error.code})"))


@click.group()
def card() -> None:
    """Read an eID card in a reader."""


@card.command()
@_reader_options
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for machines.")
def show(*, kind: str | None, cards: Path | None, insert: str | None, as_json: bool) -> None:
    """Show each reader, its card's holder and validity, and the PIN tries left. Asks no PIN."""
    views = _assembled(kind, cards, insert).slots.look()
    if as_json:
        click.echo(json.dumps([_as_json(view) for view in views], indent=2))
        return
    if not views:
        raise click.ClickException(_PROBLEMS["reader_unavailable"])
    for view in views:
        click.echo(view.reader)
        for line in _lines(view):
            click.echo(f"  {line}")


@card.command()
@_reader_options
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for machines.")
def certificates(
    *, kind: str | None, cards: Path | None, insert: str | None, as_json: bool
) -> None:
    """Print the certificates on the card in PEM. They hold the holder's national number."""
    try:
        found = pem_certificates(_assembled(kind, cards, insert))
    except CardError as error:
        raise _explained(error) from error
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for use, pem in found.items():
        click.echo(f"# {use}\n{pem}", nl=False)


@click.group()
def agent() -> None:
    """Run the citizen's card agent."""


@agent.command()
@_reader_options
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
    kind: str | None,
    cards: Path | None,
    insert: str | None,
    port: int,
    allowed: tuple[str, ...],
    allow_http_localhost: bool,
) -> None:
    """Serve the wallet and the PIN page on 127.0.0.1 until Ctrl-C."""
    assembled = _assembled(kind, cards, insert)
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
            assembled.slots,
            rack=assembled.rack,
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
@_reader_options
@click.option(
    "--prompt",
    type=click.Choice(["browser", "terminal"]),
    default="browser",
    show_default=True,
    help="Where the PIN is asked: a page of the agent, or the terminal (/dev/tty).",
)
def native(*, kind: str | None, cards: Path | None, insert: str | None, prompt: str) -> None:
    """Answer one command of the Web eID browser extension on standard input and output.

    Browsers start this themselves, by a manifest (see 'sesame agent manifest'), and add arguments
    of their own, which are ignored.
    """
    assembled = _assembled(kind, cards, insert)
    Host(assembled, now=_now, entropy=secrets.token_bytes, prompt=prompt).run()


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

    Save it as eu.webeid.json where your browser looks for native messaging hosts.
    """
    try:
        written = manifest(
            cast("Browser", browser), extension_id=extension_id, program=program.absolute()
        )
    except ExtensionIdMalformed as error:
        raise click.UsageError(f"that is not an extension id of {browser}.") from error
    click.echo(json.dumps(written, indent=2))


def _check_allowed(origins: Origins, origin: str) -> None:
    try:
        origins.signed(origin)
    except CardError as error:
        raise click.UsageError(
            f"{origin} cannot ask: give https://host[:port], or http://localhost[:port] together "
            "with --allow-http-localhost."
        ) from error


def _lines(view: SlotView) -> list[str]:
    if view.trouble is not None:
        return [_PROBLEMS.get(view.trouble.code, f"the card failed ({view.trouble.code})")]
    if view.card is None:
        return ["no card"]
    lines = [
        f"holder      {view.card.holder}",
        f"valid       {view.card.not_before:%Y-%m-%d} to {view.card.not_after:%Y-%m-%d}",
    ]
    if view.card.not_after < _now():
        lines.append("            this card has expired")
    if view.card.tries_left is not None:
        blocked = " (blocked: go to your municipality)" if view.card.tries_left == 0 else ""
        lines.append(f"PIN tries   {view.card.tries_left}{blocked}")
    return lines


def _as_json(view: SlotView) -> dict[str, Any]:
    shown: dict[str, Any] = {"reader": view.reader, "card": None}
    if view.trouble is not None:
        shown["problem"] = view.trouble.code
    if view.card is not None:
        shown["card"] = {
            "holder": view.card.holder,
            "not_before": view.card.not_before.isoformat(),
            "not_after": view.card.not_after.isoformat(),
            "tries_left": view.card.tries_left,
            "fingerprint": view.card.fingerprint,
        }
    return shown
