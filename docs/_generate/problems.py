"""The page of refusals, from the catalogue and the words of the pages."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.pofile import read_po

import idp.web
from docs._generate.markdown import code, document, table
from idp.errors import CATALOGUE

if TYPE_CHECKING:
    from idp.errors import Problem

LANGUAGES = ("nl", "fr", "de", "en")
INTRODUCTION = """
Every refusal has one entry here and three faces: an OAuth error for the client, a page for the
person, and a line in the log with the same code and a private detail. The page and the log carry
the same reference number; quote it when you ask for help.
"""


def page() -> str:
    """Give the page."""
    said = {language: words(language) for language in LANGUAGES}
    overview = table(
        ("Code", "OAuth error", "Status", "Told to the client"),
        (
            (f"[{one.code}](#{one.words})", code(one.oauth), str(one.status), one.description)
            for one in CATALOGUE.values()
        ),
    )
    return document(
        "Problems", INTRODUCTION, overview, *(_entry(one, said) for one in _told_apart())
    )


def _told_apart() -> tuple[Problem, ...]:
    """Give one of each that a person can tell apart: rules of profiles share their words."""
    return tuple({problem.words: problem for problem in CATALOGUE.values()}.values())


def _entry(problem: Problem, said: dict[str, dict[str, str]]) -> str:
    faces = table(
        ("Language", "Title", "Advice"),
        (
            (
                language,
                said[language][f"problem.{problem.words}.title"],
                said[language][f"problem.{problem.words}.advice"],
            )
            for language in LANGUAGES
        ),
    )
    told = f"{code(problem.oauth)}, HTTP {problem.status}, "
    if problem.shared is not None:
        told = "A rule of a client's [profile](profiles.md) was broken; "
    level = logging.getLevelName(problem.level).lower()
    return (
        f"## {problem.words}\n\n{told}logged as {level}. "
        f"The button leads to: {problem.way_out.value.replace('_', ' ')}.\n\n{faces}"
    )


def words(language: str) -> dict[str, str]:
    """Give the words of the provider's pages by their key."""
    file = Path(idp.web.__file__).with_name("translations") / language / "LC_MESSAGES/messages.po"
    with file.open("rb") as opened:
        catalogue = read_po(opened)
    return {str(message.id): str(message.string) for message in catalogue if message.id}
