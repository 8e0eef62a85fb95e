"""The e-service speaks four languages alike, and has words for whatever may go wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.world import relying_party
from tests.world.relying_party import sign_in
from tests.world.relying_party.words import LANGUAGES, choose, words

FOLDER = Path(relying_party.__file__).parent


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_and_blanks(language: str) -> None:
    ours, english = words(language), words("en")
    assert ours.keys() == english.keys()
    for key, text in ours.items():
        assert re.findall(r"\$\w+", text) == re.findall(r"\$\w+", english[key]), key
        assert text.strip() == text != ""


@pytest.mark.parametrize("service", ["library", "wine"])
def test_an_e_service_of_its_own_words_says_the_same_things_in_every_language(service: str) -> None:
    english = words("en", service)
    for language in LANGUAGES:
        ours = words(language, service)
        assert ours.keys() == english.keys() == words("en").keys()
        changed = {key for key in ours if ours[key] != words(language)[key]}
        assert changed == {key for key in english if english[key] != words("en")[key]}


def test_every_reason_for_trouble_has_its_words() -> None:
    source = "".join(path.read_text() for path in FOLDER.glob("*.py"))
    reasons = set(re.findall(r'SignInFailed\(\s*"([a-z-]+)"', source))
    reasons |= set(sign_in._REASONS.values()) | set(sign_in._TOKEN_REASONS.values())
    reasons |= set(re.findall(r'refused(?:: str)? ?= ?"([a-z-]+)"', source)) | {"busy", "lost"}
    for reason in reasons:
        assert f"trouble_{reason}" in words("en"), reason
        assert f"trouble_{reason}_text" in words("en"), reason


def test_every_word_of_a_template_exists() -> None:
    for path in (FOLDER / "templates").iterdir():
        for key in re.findall(r"say\.(\w+)", path.read_text()):
            assert key in words("en"), (path.name, key)


@pytest.mark.parametrize(
    ("wishes", "accept", "language"),
    [
        (("fr", "de"), "en", "fr"),
        ((None, "de"), "en", "de"),
        (("xx", None), "es, de-BE;q=0.9, fr", "de"),
        ((None, None), "", "nl"),
        (("../en", None), "zz;" * 500, "nl"),
    ],
)
def test_the_language_is_the_first_wish_that_is_spoken(
    wishes: tuple[str | None, ...], accept: str, language: str
) -> None:
    assert choose(*wishes, accept=accept) == language


def test_the_e_service_knows_nothing_of_the_provider() -> None:
    for path in FOLDER.glob("*.py"):
        assert not re.search(r"(?:from|import) (?:idp|keys|cardreader)\b", path.read_text()), path
