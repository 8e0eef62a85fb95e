"""The page of card states: what is wrong, its code, what the citizen is told, where it is tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cardreader import errors
from cardreader.agent import language
from docs._generate.markdown import code, document, table
from docs._generate.problems import words
from idp.errors import problem_of_card
from tests.world.stories import STORIES

if TYPE_CHECKING:
    from tests.world.stories import Story

INTRODUCTION = """
Every state of a card and every fault between card, reader and responder that the software card can
show, and what the citizen is told. A test lives through each of them, and fails where one of the
demo country's cards, of the software card's damages or of the reader's troubles is not here.

The code is that of `cardreader`; the [problem](problems.md) is the page that the provider shows for
it. A card that the tables do not name logs in.
"""
PARTS = {
    "Cards": (
        "Each is a card of the demo country: `make run`, and put it into the reader by its name.",
        ("card", "test"),
    ),
    "Damages": (
        "What else can be done to a card of any holder (`cardreader/sim/spoil.py`).",
        ("damage",),
    ),
    "Troubles": (
        "At any command of a conversation (`cardreader/sim/faults.py`), and from outside.",
        ("trouble", "service"),
    ),
}


def page() -> str:
    """Give the page."""
    return document("Card states", INTRODUCTION, *(_part(title) for title in PARTS))


def _part(title: str) -> str:
    said, kinds = PARTS[title]
    head = ("State", "What it is", "On the PIN page", "At the login", "Identity files", "Tried in")
    rows = [_row(story) for story in STORIES if story.staged in kinds]
    return f"## {title}\n\n{said}\n\n{table(head, rows)}"


def _row(story: Story) -> tuple[str, ...]:
    tried = sorted({reference.partition("::")[0] for reference in story.tests})
    told = "" if story.page is None else f"*{_said(story.page)}*"
    return (
        code(story.state),
        story.about,
        told,
        _refusal(story.login) if story.login else "",
        _refusal(story.files) if story.files else "",
        "<br>".join(code(file.removeprefix("tests/")) for file in tried),
    )


def _said(key: str) -> str:
    blanks = {"date": "…", "name": "…", "others": "…", "tries": "…"}
    return language.language("en").say(key, **blanks)


def _refusal(refused: str) -> str:
    kind = next(
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.TokenRefused) and kind.code == refused
    )
    problem = problem_of_card(kind()).code
    title = words("en")[f"problem.{problem}.title"]
    return f"{code(refused)}: *{title}* ([{problem}](problems.md#{problem}))"
