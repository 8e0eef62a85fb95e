"""The page of commands, from the table of ``idp.cli.main``."""

from __future__ import annotations

from inspect import cleandoc
from typing import TYPE_CHECKING

import click

from docs._generate.markdown import code, document, fenced, table
from idp.cli.main import TABLE, main

if TYPE_CHECKING:
    from collections.abc import Iterator

INTRODUCTION = """
One command, `sesame`. Commands that touch the deployment take `--config FILE` or the variable
`SESAME_CONFIG`; with `--json` they answer for machines. A command that refuses ends with 1 and says
why on standard error; wrong usage ends with 2.
"""


def page() -> str:
    """Give the page."""
    with click.Context(main, info_name="sesame") as context:
        parts = [
            part
            for name in TABLE
            if (command := main.get_command(context, name)) is not None
            for part in _command(command, name, context)
        ]
    overview = table(
        ("Command", "What it does"),
        ((f"[`sesame {name}`](#sesame-{name})", row.summary) for name, row in TABLE.items()),
    )
    return document("Commands", INTRODUCTION, overview, *parts)


def _command(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    with click.Context(command, info_name=name, parent=parent) as context:
        level = "##" if parent.parent is None else "###"
        usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
        yield "\n\n".join(
            part
            for part in (
                f"{level} {context.command_path}",
                cleandoc(command.help or "").replace("``", "`").replace("\b\n", ""),
                fenced(usage, "text"),
                table(("Option", "Meaning", "Default"), _options(command, context)),
            )
            if part
        )
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                found = command.get_command(context, inner)
                if found is not None and not found.hidden:
                    yield from _command(found, inner, context)


def _options(command: click.Command, context: click.Context) -> Iterator[tuple[str, str, str]]:
    for option in command.params:
        if not isinstance(option, click.Option) or option.hidden:
            continue
        names = ", ".join(code(one) for one in (*option.opts, *option.secondary_opts))
        value = "" if option.is_flag else f" {code(option.make_metavar(context))}"
        default = option.default
        shown = option.show_default and not option.is_flag and default is not None
        repeated = " May be repeated." if option.multiple else ""
        said = (option.help or "").strip()
        yield (
            names + value,
            said if "may be repeated" in said.lower() else said + repeated,
            code(default) if shown else "",
        )
