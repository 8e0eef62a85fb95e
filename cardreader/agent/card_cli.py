"""The commands of ``sesame card``: look at a card, prove it, take its photo, change its PIN.

A composition root, as ``cardreader.agent.cli`` is: clock, randomness and terminal are read here.
None of it needs the server's libraries.
"""

from __future__ import annotations

import datetime as dt
import getpass
import json
import os
import secrets
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import click

from cardreader.agent import facts, language, proving, watching
from cardreader.agent.advice import advice
from cardreader.agent.assembly import pem_certificates
from cardreader.agent.options import assembled, reader_options
from cardreader.agent.pin_change import PinAsking, change_pin
from cardreader.beid.session import BeidSession
from cardreader.errors import CardError, UnknownCard
from cardreader.trust import load
from cardreader.trust.anchors import TrustMalformed
from cardreader.trust.files import require_photo

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardreader.agent.assembly import Assembled
    from cardreader.agent.facts import UnverifiedFacts
    from cardreader.agent.language import Language
    from cardreader.agent.slots import SlotReading, Slots


_Value = TypeVar("_Value")
_PATIENCE: Final = 30.0
_EVENTS: Final = {
    "reader_came": "cli_reader_came",
    "reader_left": "cli_reader_left",
    "card_inserted": "cli_inserted",
    "card_removed": "cli_removed",
}


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Desk:
    """What every command has: the readers, the language, how to answer."""

    def __init__(self, found: Assembled, words: Language, *, as_json: bool, wait: float) -> None:
        self.found = found
        self.words = words
        self.as_json = as_json
        self._wait = wait

    @property
    def slots(self) -> Slots:
        """The readers."""
        return self.found.slots

    def wait(self) -> None:
        """Wait for a card, telling the person on the error stream."""
        watching.wait_for_card(
            self.slots,
            seconds=self._wait,
            clock=time.monotonic,
            pause=time.sleep,
            progress=self._progress,
        )

    def wait_for_one(self) -> None:
        """Wait, and say so where it is not clear which card is meant."""
        self.wait()
        with_cards = [name for name, present in self.slots.presence() if present]
        if len(with_cards) > 1:
            names = ", ".join(with_cards)
            click.echo(self.words.say("cli_several_cards", readers=names), err=True)

    def read(self, take: Callable[[BeidSession], _Value]) -> _Value:
        """Wait for a card and take something of it; a trouble ends the command with advice."""
        self.wait_for_one()
        try:
            with self.slots.card() as session:
                if not isinstance(session, BeidSession):
                    raise UnknownCard
                return take(session)
        except CardError as error:
            self.refuse(error)

    def answer(self, value: object, *lines: str) -> None:
        """Say it to a machine or to a person."""
        if self.as_json:
            click.echo(json.dumps(value, indent=2, ensure_ascii=False))
        else:
            for line in lines:
                click.echo(line)

    def refuse(self, error: CardError) -> NoReturn:
        """End with the advice on the error stream, and the code for machines."""
        if self.as_json:
            said: dict[str, Any] = {"problem": error.code}
            tries = getattr(error, "tries_left", None)
            if tries is not None:
                said["tries_left"] = tries
            click.echo(json.dumps(said, indent=2))
            raise click.exceptions.Exit(1)
        raise click.ClickException(advice(error, self.words)) from error

    def _progress(self, reader: bool, seconds: int) -> None:  # noqa: FBT001 - a callback
        key = "cli_waiting" if reader else "cli_waiting_reader"
        end = "\r" if sys.stderr.isatty() else "\n"
        click.echo(f"{self.words.say(key, seconds=str(seconds))}{end}", nl=False, err=True)


def _desk_options(command: Callable[..., Any]) -> Callable[..., Any]:
    @reader_options
    @click.option(
        "--wait",
        type=click.FloatRange(0, 600),
        help="Seconds to wait for a reader and a card. Default: 30 on a terminal, else 0.",
    )
    @click.option(
        "--lang",
        type=click.Choice(sorted(language.NAMES)),
        help="The language of the answers. Default: that of the terminal.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for machines.")
    @click.pass_context
    def wrapped(  # noqa: PLR0913 - one argument an option
        context: click.Context,
        /,
        *,
        reader: str | None,
        cards: Path | None,
        insert: str | None,
        wait: float | None,
        lang: str | None,
        as_json: bool,
        **others: object,
    ) -> None:
        patience = wait if wait is not None else _PATIENCE if _person(cards) else 0
        found = assembled(reader, cards, insert, clock=time.monotonic)
        asked = os.environ.get("LC_ALL") or os.environ.get("LANG", "")
        words = language.choose(wanted=lang, asked=None, accept=asked.replace("_", "-"))
        desk = Desk(found, words, as_json=as_json, wait=patience)
        context.invoke(command, desk, **others)

    # The command's name and help come from the function that it is.
    wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
    return wrapped


def _person(cards: Path | None) -> bool:
    return cards is None and sys.stderr.isatty()


@click.group()
def card() -> None:
    """Read an eID card in a reader."""


@card.command()
@click.option("--national-number", "number", is_flag=True, help="Show the national number, too.")
@_desk_options
def show(desk: Desk, *, number: bool) -> None:
    """Show each reader and what its card says of its holder. Asks no PIN, verifies nothing."""
    desk.wait()
    readings = desk.slots.each(facts.read_facts)
    shown = [_reading_json(reading, number=number) for reading in readings]
    if not readings and not desk.as_json:
        desk.refuse(desk.slots.why_none())
    desk.answer(shown, *_table(readings, desk.words, number=number))


@card.command()
@_desk_options
def certificates(desk: Desk) -> None:
    """Print the certificates on the card in PEM. They hold the holder's national number."""
    desk.wait_for_one()
    try:
        found = pem_certificates(desk.found)
    except CardError as error:
        desk.refuse(error)
    desk.answer(found, *(f"# {use}\n{pem.rstrip()}" for use, pem in found.items()))


@card.command()
@click.option(
    "--trust",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The trust folder: whose cards count.",
)
@click.option("--allow-simulated", is_flag=True, help="Take the roots of software cards, too.")
@click.option("--any-number", is_flag=True, help="Do not mind check digits: for specimens.")
@_desk_options
def verify(desk: Desk, *, trust: Path, allow_simulated: bool, any_number: bool) -> None:
    """Verify the card's files, certificate and chip, and say what that proves. Asks no PIN.

    Ends with 1 if anything is refused.
    """
    try:
        anchors = load(trust, allow_simulated=allow_simulated)
    except (TrustMalformed, OSError) as error:
        raise click.ClickException(f"{trust}: {error}") from error
    proof = desk.read(
        lambda session: proving.prove(
            session,
            anchors=anchors,
            now=_now(),
            entropy=secrets.token_bytes,
            strict_number=not any_number,
        )
    )
    who = proof.files.identity
    said = {
        "proven": list(proof.proven()),
        "not_proven": list(proof.open()),
        "root": who.root,
        "certificate_root": proof.certificate_root,
        "surname": who.surname,
        "given_names": who.given_names,
        "document_type": who.document_type.code,
    }
    desk.answer(said, f"{who.given_names} {who.surname}", *proving.lines(proof, desk.words))


@card.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@_desk_options
def photo(desk: Desk, *, file: Path, force: bool) -> None:
    """Write the holder's photo (JPEG) to FILE, which only you may read."""
    taken = desk.read(_photo)
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL)
    try:
        with os.fdopen(os.open(file, flags, 0o600), "wb") as stream:
            stream.write(taken)
    except FileExistsError:
        raise click.ClickException(desk.words.say("cli_file_there", file=str(file))) from None
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from error
    size = str(len(taken))
    line = desk.words.say("cli_photo_written", file=str(file), size=size)
    desk.answer({"file": str(file), "bytes": len(taken), "unverified": True}, line)


@card.command(name="change-pin")
@_desk_options
def change_the_pin(desk: Desk) -> None:
    """Change the PIN. Asks the present one and the new one twice; tries once."""
    desk.wait_for_one()
    asking = PinAsking(
        words=desk.words,
        say=lambda line: click.echo(line, err=True),
        read_secret=_read_secret,
        confirm=lambda question: click.confirm(question, default=False, err=True),
    )
    try:
        change_pin(desk.slots, asking)
    except CardError as error:
        desk.refuse(error)
    desk.answer({"changed": True}, desk.words.say("cli_pin_changed"))


@card.command()
@click.option("--seconds", type=click.FloatRange(0), help="Stop after so long. Default: Ctrl-C.")
@_desk_options
def watch(desk: Desk, *, seconds: float | None) -> None:
    """Tell which readers and cards come and go; with --json one object a line."""
    told = watching.happenings(desk.slots, seconds=seconds, clock=time.monotonic, pause=time.sleep)
    try:
        for event in told:
            if desk.as_json:
                line = json.dumps({"event": event.happening, "reader": event.reader})
            else:
                line = f"{event.reader}: {desk.words.say(_EVENTS[event.happening])}"
            click.echo(line)
            sys.stdout.flush()
    except KeyboardInterrupt:
        return


def _photo(session: BeidSession) -> bytes:
    from cardreader.beid import files

    taken = session.read_file(files.PHOTO)
    # Against a damaged chip: that the identity file itself is true is for `verify` to say.
    require_photo(taken, session.identity().photo_digest)
    return taken


def _read_secret(prompt: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(f"{prompt}: ")
    click.echo(f"{prompt}: ", err=True)
    return sys.stdin.readline().rstrip("\n")


def _table(
    readings: list[SlotReading[UnverifiedFacts]], words: Language, *, number: bool
) -> list[str]:
    lines: list[str] = []
    today = _now().date()
    for reading in readings:
        lines.append(reading.reader)
        if reading.trouble is not None:
            lines.append(f"  {advice(reading.trouble, words)}")
        elif reading.value is None:
            lines.append(f"  {words.say('reader_empty')}")
        else:
            table = facts.rows(reading.value, words, today=today, number=number)
            width = max(len(label) for label, _ in table) + 3
            lines += [f"  {label:<{width}}{value}" for label, value in table]
            lines += ["", f"  {words.say('cli_unverified')}"]
    return lines


def _reading_json(reading: SlotReading[UnverifiedFacts], *, number: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"reader": reading.reader, "card": None}
    if reading.trouble is not None:
        shown["problem"] = reading.trouble.code
    if reading.value is not None:
        shown["card"] = facts.as_json(reading.value, number=number)
    return shown
