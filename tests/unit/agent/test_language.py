"""Four languages with the same keys and the same blanks, and no key that no page uses."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

import pytest

import cardreader.agent
from cardreader.agent.language import NAMES, choose, language

FOLDER = Path(cardreader.agent.__file__).parent
ENGLISH = language("en").words


@pytest.mark.parametrize("code", sorted(NAMES))
def test_every_language_says_everything(code: str) -> None:
    words = language(code).words
    assert set(words) == set(ENGLISH)
    for key, text in words.items():
        assert text.strip()
        blanks = set(Template(text).get_identifiers())
        assert blanks == set(Template(ENGLISH[key]).get_identifiers()), key


@pytest.mark.parametrize("code", sorted(set(NAMES) - {"en"}))
def test_no_language_is_a_copy_of_english(code: str) -> None:
    words = language(code).words
    same = {key for key, text in words.items() if text == ENGLISH[key] and len(text) > 12}
    assert same == set()


def test_no_text_is_left_that_no_page_says() -> None:
    files = [*FOLDER.glob("pages/*.html"), *FOLDER.glob("*.py")]
    source = "\n".join(path.read_text() for path in files)
    built = {f"{name}_{part}" for name in re.findall(r'"([a-z]+)"', source) for part in PARTS}
    unsaid = {key for key in ENGLISH if not re.search(rf"\b{key}\b", source)} - built
    assert unsaid == set()


PARTS = ("title", "text")


def test_weights_order_the_browsers_languages() -> None:
    assert choose(wanted=None, asked=None, accept="en;q=0.1, fr;q=0.7, de;q=0.3").code == "fr"
    assert choose(wanted=None, asked="xx", accept="").code == "en"
