"""Which readers a command uses, as options; and the clock that bounds each conversation."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cardreader.agent.assembly import Assembled, assemble
from cardreader.errors import CardAbsent, ReaderUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable


def reader_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which readers."""
    for option in reversed(
        (
            click.option(
                "--reader",
                metavar="NAME",
                help="The reader to use, by its name or a part of it ('sesame card watch' tells "
                "them); pcsc or virtual for any real or software one. Default: virtual where "
                "--cards is given, else pcsc.",
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


def assembled(
    reader: str | None,
    cards: Path | None,
    insert: str | None,
    *,
    clock: Callable[[], float] | None = None,
) -> Assembled:
    """Put the readers together as the options say; ``clock`` bounds each conversation.

    Raises:
        click.UsageError: the options do not fit together.
        click.ClickException: real readers cannot be had; it says why.
    """
    if reader == "virtual" and cards is None:
        raise click.UsageError("--reader virtual needs --cards FOLDER.")
    if reader == "pcsc" and cards is not None:
        raise click.UsageError("--cards is for the software reader; leave out --reader pcsc.")
    try:
        name = None if reader in ("pcsc", "virtual") else reader
        found = assemble(cards, entropy=secrets.token_bytes, clock=clock, name=name)
    except ReaderUnavailable as error:
        raise click.ClickException(
            "real readers need the smart card service and pyscard "
            "(pip install 'sesame-idp[pcsc]'); software cards need --cards FOLDER"
        ) from error
    if insert is not None:
        if found.rack is None:
            raise click.UsageError(
                "--insert is for software cards: name their folder with --cards."
            )
        try:
            found.rack.insert(insert)
        except CardAbsent as error:
            raise click.UsageError(f"no card {insert} in {cards}.") from error
    return found
