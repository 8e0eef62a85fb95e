"""Every page leads where it says: links, anchors, and the commands of `sesame` that it names."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from idp.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
SESAME = re.compile(r"(?:\S*/)?sesame(?:-operator)? ")
WORD = re.compile(r"[a-z][a-z-]*")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """What a forge makes of headings."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in HEADING.findall(prose(page))
    }


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(INLINE.sub("", prose(page))):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_is_reached_from_the_first() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        links = LINK.findall(prose(page))
        waiting += [
            (page.parent / one.partition("#")[0]).resolve() for one in links if one[0] != "#"
        ]
        waiting = [one for one in waiting if one.is_file()]
    assert [named(page) for page in PAGES if page not in seen] == []


def commands(page: Path) -> Iterator[str]:
    text = page.read_text(encoding="utf-8")
    for _, language, block in FENCE.findall(text):
        if language == "sh":
            yield from (line.strip() for line in block.replace("\\\n", " ").splitlines())
    yield from INLINE.findall(prose(page))


def fault(line: str) -> str | None:
    """Tell what in a command line of ours does not exist."""
    if SESAME.match(line) is None:
        return None
    command: click.Command = main
    for word in shlex.split(line.partition("|")[0].partition(">")[0], comments=True)[1:]:
        if word.startswith("--"):
            known = {
                name for option in command.params for name in (*option.opts, *option.secondary_opts)
            }
            if word not in known | {"--help"} and not (command is main and word == "--version"):
                return f"{line}: {word}"
        elif isinstance(command, click.Group) and WORD.fullmatch(word):
            with click.Context(command) as context:
                inner = command.get_command(context, word)
            if inner is None:
                return f"{line}: {word}"
            command = inner
    return None


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_exist_with_their_options(page: Path) -> None:
    assert [found for line in commands(page) if (found := fault(line)) is not None] == []


def test_what_does_not_exist_is_found() -> None:
    assert fault("sesame clients add --from x.toml --redirect-uri https://a.example/") is None
    assert fault(".venv/bin/sesame keys retire KID --yes") is None
    assert fault("sesame clients dance") is not None
    assert fault("sesame doctor --brave") is not None
