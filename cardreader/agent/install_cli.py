"""``sesame agent install``, ``uninstall`` and ``status``: browsers told of the native host.

A composition root, as ``cardreader.agent.cli`` is: environment and processes are read here.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import click

from cardreader.agent import language
from cardreader.agent.browsers import BROWSERS, BY_NAME, PlatformUnsupported, places
from cardreader.agent.inspecting import inspect
from cardreader.agent.installing import ManifestOfAnother
from cardreader.agent.installing import install as write_manifests
from cardreader.agent.installing import uninstall as remove_manifests
from cardreader.agent.launcher import hello_of, script
from cardreader.agent.manifest import ExtensionIdMalformed
from cardreader.agent.options import assembled, reader_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cardreader.agent.browsers import Browser, Places, Scope
    from cardreader.agent.inspecting import FoundBrowser
    from cardreader.agent.installing import Placed
    from cardreader.agent.language import Language

_CHANGES: Final = {
    "written": "cli_agent_written",
    "unchanged": "cli_agent_unchanged",
    "replaced": "cli_agent_replaced",
    "removed": "cli_agent_removed",
    "restored": "cli_agent_restored",
    "other": "cli_agent_other",
    "none": "cli_agent_none",
}
_PROBLEMS: Final = {
    "not_installed": "cli_agent_not_installed",
    "manifest_damaged": "cli_agent_damaged",
    "another_program": "cli_agent_another",
    "hidden_by_another": "cli_agent_hidden",
    "program_missing": "cli_agent_program_missing",
    "program_not_executable": "cli_agent_program_missing",
    "program_unsafe": "cli_agent_program_unsafe",
    "interpreter_missing": "cli_agent_interpreter",
    "host_silent": "cli_agent_silent",
    "sandboxed": "cli_agent_sandboxed",
}


class _Desk:
    """What each of the three has: whose folders, for whom, the language, how to answer."""

    def __init__(self, words: Language, scope: Scope, *, as_json: bool) -> None:
        self.words = words
        self.scope = scope
        self.as_json = as_json

    def places(self) -> Places:
        """The folders of whoever runs this; elsewhere than on Linux and macOS it ends in advice."""
        try:
            return places(sys.platform, os.environ, Path.home())
        except PlatformUnsupported as error:
            self.refuse(error.code, self.words.say("cli_agent_windows"))

    def here(self, found: Places, named: tuple[str, ...]) -> tuple[Browser, ...]:
        """The browsers that are named, or that are here."""
        if named:
            return tuple(BY_NAME[name] for name in dict.fromkeys(named))
        return tuple(browser for browser in BROWSERS if found.has(browser, shutil.which))

    def placed(self, done: Iterable[Placed]) -> None:
        """Tell what was done."""
        told = list(done)
        if self.as_json:
            said = [
                {"browser": one.browser.name, "path": str(one.path), "change": one.change}
                for one in told
            ]
            click.echo(json.dumps(said, indent=2))
            return
        for one in told:
            change = self.words.say(_CHANGES[one.change])
            click.echo(f"{one.browser.title}: {change}\n  {one.path}")

    def refuse(self, code: str, advice: str) -> NoReturn:
        """End with advice on the error stream, and the code for machines."""
        if self.as_json:
            click.echo(json.dumps({"problem": code}, indent=2))
            raise click.exceptions.Exit(1)
        raise click.ClickException(advice)

    def unwritable(self, error: OSError) -> NoReturn:
        """End because of a folder that cannot be written."""
        path = str(error.filename or "?")
        key = "cli_agent_unwritable" if self.scope == "user" else "cli_agent_not_root"
        self.refuse("unwritable", self.words.say(key, path=path))


def _desk_options(command: Callable[..., Any]) -> Callable[..., Any]:
    @click.option(
        "--lang",
        type=click.Choice(sorted(language.NAMES)),
        help="The language of the answers. Default: that of the terminal.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for machines.")
    @functools.wraps(command)
    def wrapped(*, lang: str | None, as_json: bool, system: bool = False, **others: Any) -> None:  # noqa: ANN401 - as click gives them
        asked = os.environ.get("LC_ALL") or os.environ.get("LANG", "")
        words = language.choose(wanted=lang, asked=None, accept=asked.replace("_", "-"))
        command(_Desk(words, "system" if system else "user", as_json=as_json), **others)

    return wrapped


def _target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--system",
            is_flag=True,
            help="For everybody on this machine; needs an administrator's rights.",
        ),
        click.option(
            "--browser",
            "browsers",
            type=click.Choice(list(BY_NAME)),
            multiple=True,
            help="For this browser. May repeat. Default: every browser that is here.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@_target_options
@click.option(
    "--extension-id",
    "extensions",
    multiple=True,
    metavar="ID",
    help="An extension that may start the host, beside the published Web eID one. May repeat.",
)
@click.option(
    "--replace", is_flag=True, help="Take the place of another program's manifest, and keep it."
)
@click.option(
    "--prompt",
    type=click.Choice(["browser", "terminal"]),
    default="browser",
    show_default=True,
    help="Where the PIN is asked: a page of the agent, or the terminal (/dev/tty).",
)
@reader_options
@_desk_options
def install(
    desk: _Desk,
    *,
    browsers: tuple[str, ...],
    extensions: tuple[str, ...],
    replace: bool,
    prompt: str,
    **readers: Any,  # noqa: ANN401 - as click gives them
) -> None:
    """Let the Web eID extension of your browsers start this agent.

    Repeat it after Python or this package has moved: it changes only what is out of date.
    """
    found = desk.places()
    options = [*_reader_words(**readers), "--prompt", prompt]
    wanted = desk.here(found, browsers)
    if not wanted:
        desk.refuse("no_browser", desk.words.say("cli_agent_no_browser"))
    try:
        done = write_manifests(
            found,
            wanted,
            scope=desk.scope,
            # Not resolved: in a virtual environment the link is what finds its packages.
            launcher=script(Path(sys.executable).absolute(), options),
            extensions=extensions,
            replace=replace,
        )
    except ManifestOfAnother as error:
        desk.refuse(error.code, desk.words.say("cli_agent_theirs", path=str(error.path)))
    except ExtensionIdMalformed as error:
        raise click.UsageError("--extension-id: that is not an extension's id.") from error
    except OSError as error:
        desk.unwritable(error)
    desk.placed(done)
    if not desk.as_json:
        click.echo(desk.words.say("cli_agent_restart"))


@click.command()
@_target_options
@_desk_options
def uninstall(desk: _Desk, *, browsers: tuple[str, ...]) -> None:
    """Take this agent's manifests away, and put back what they replaced.

    Manifests of other programs stay where they are.
    """
    found = desk.places()
    wanted = tuple(BY_NAME[name] for name in dict.fromkeys(browsers)) or BROWSERS
    try:
        done = remove_manifests(found, wanted, scope=desk.scope)
    except OSError as error:
        desk.unwritable(error)
    told = [one for one in done if one.change in {"removed", "restored"}]
    if not told and not desk.as_json:
        click.echo(desk.words.say("cli_agent_nothing"))
    desk.placed(told)


@click.command()
@_desk_options
def status(desk: _Desk) -> None:
    """Tell which browsers can start this agent, and what keeps the others from it.

    Starts the installed host once, without a card. Ends with 1 unless at least one browser can
    start it and none has a problem.
    """
    found = inspect(desk.places(), which=shutil.which, hello=hello_of)
    fine = bool(found) and not any(one.problems for one in found)
    if desk.as_json:
        click.echo(json.dumps([one.as_json() for one in found], indent=2))
    elif not found:
        click.echo(desk.words.say("cli_agent_no_browser"))
    else:
        for one in found:
            for line in _told(one, desk.words):
                click.echo(line)
    if not fine:
        raise click.exceptions.Exit(1)


def _told(one: FoundBrowser, words: Language) -> list[str]:
    lines = [one.browser.title]
    read = one.read
    if read is not None and read.whose == "ours":
        key = "cli_agent_for_you" if read.scope == "user" else "cli_agent_for_all"
        lines.append(f"  {words.say(key)}: {read.path}")
    elif read is not None:
        lines.append(f"  {read.path}")
    if one.version is not None:
        lines.append(f"  ✓ {words.say('cli_agent_answers', version=one.version)}")
    path = "" if read is None else str(read.path)
    lines += [f"  ! {words.say(_PROBLEMS[code], path=path)}" for code in one.problems]
    return lines


def _reader_words(*, reader: str | None, cards: Path | None, insert: str | None) -> list[str]:
    """The options of the readers as they were given, the folder by its whole path."""
    if reader == "virtual" or cards is not None:
        assembled(reader, cards, insert)  # a mistake is told now, not at the first login
    words: list[str] = []
    if reader is not None:
        words += ["--reader", reader]
    if cards is not None:
        words += ["--cards", str(cards.absolute())]
    if insert is not None:
        words += ["--insert", insert]
    return words


COMMANDS: Final = cast("tuple[click.Command, ...]", (install, uninstall, status))
