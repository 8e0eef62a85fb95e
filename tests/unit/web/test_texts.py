from __future__ import annotations

import re
from datetime import UTC, datetime
from string import Formatter

import pytest

from idp.domain.event import MethodName
from idp.domain.vocabulary import FACTS
from idp.errors import CATALOGUE, WayOut
from idp.web.i18n import ALL_LANGUAGES, Texts, day, moment

TEXTS = Texts()


def fields(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name)


def test_every_language_has_the_same_keys_and_the_same_gaps_to_fill() -> None:
    keys = TEXTS.keys("en")
    for language in ALL_LANGUAGES:
        assert TEXTS.keys(language) == keys
        for key in keys:
            assert fields(TEXTS.text(language, key)) == fields(TEXTS.text("en", key))


@pytest.mark.parametrize("language", ALL_LANGUAGES)
def test_every_problem_means_way_and_claim_has_words(language: str) -> None:
    spoken = {problem.words for problem in CATALOGUE.values()}
    wanted = {f"problem.{words}.{part}" for words in spoken for part in ("title", "advice")}
    wanted |= {f"way.{way}" for way in WayOut}
    wanted |= {f"method.{name}{part}" for name in MethodName for part in ("", ".hint")}
    wanted |= {f"claim.{fact}" for fact in (*FACTS, "egovNRN")}
    assert wanted <= TEXTS.keys(language)


@pytest.mark.parametrize("language", ALL_LANGUAGES)
def test_no_problem_has_words_that_is_not_in_the_catalogue(language: str) -> None:
    spoken = {key.split(".")[1] for key in TEXTS.keys(language) if key.startswith("problem.")}
    assert spoken == {problem.words for problem in CATALOGUE.values()}


def test_every_key_that_templates_and_scripts_name_exists() -> None:
    from importlib import resources

    templates = resources.files("idp.web") / "templates"
    named = set()
    for template in templates.iterdir():
        named |= set(re.findall(r"""["']([a-z_.]+[a-z_])["'] \| t\b""", template.read_text()))
    assert len(named) > 100
    assert named <= TEXTS.keys("en")
    script = (resources.files("idp.web") / "static" / "card.js").read_text()
    page = (templates / "card.html").read_text()
    meanings = set(re.findall(r"ERR_\w+: \"(\w+)\"", script))
    meanings |= set(re.findall(r"CardFailure\(\"(\w+)\"\)", script))
    offered = set(re.findall(r'"(\w+)"', page.partition("for failure in (")[2].partition(")")[0]))
    assert meanings <= offered
    assert {f"card.fail.{meaning}" for meaning in offered} <= TEXTS.keys("en")


@pytest.mark.parametrize("language", ALL_LANGUAGES)
def test_a_claim_is_known_in_our_namespace_and_an_unknown_one_keeps_its_name(
    language: str,
) -> None:
    assert TEXTS.claim(language, "https://id.example/claims/rrn") == TEXTS.claim(language, "rrn")
    assert TEXTS.claim(language, "something_new") == "something_new"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr-BE,fr;q=0.9,nl;q=0.8", "fr"),
        ("es, de;q=0.7, en;q=0.9", "en"),
        ("de;q=0, en;q=0.1", "en"),
        ("*", "nl"),
        ("", "nl"),
        (None, "nl"),
        ("en" * 1000, "nl"),
        ("\x00;q=x", "nl"),
    ],
)
def test_a_browsers_preference_is_followed_where_it_can_be(
    header: str | None, language: str
) -> None:
    assert TEXTS.accepted(header) == language


def test_a_value_with_braces_stays_text() -> None:
    texts = Texts(("en",))
    texts._messages["en"] = {"greeting": "Hello {name}"}  # type: ignore[index]
    assert texts.text("en", "greeting", name="{0.__class__}") == "Hello {0.__class__}"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("nl", "30 juli 1985"),
        ("fr", "30 juillet 1985"),
        ("de", "30. Juli 1985"),
        ("en", "30 July 1985"),
    ],
)
def test_a_date_is_written_as_its_reader_writes_it(language: str, words: str) -> None:
    assert day("1985-07-30", language) == words
    assert moment(datetime(1985, 7, 30, 10, 5, tzinfo=UTC), language) == f"{words} 12:05"


@pytest.mark.parametrize("text", ["1985", "1985-02-30", "0000-01-01", "1985-07-30 ", "B-12"])
def test_what_is_no_whole_date_stays_as_it_is(text: str) -> None:
    assert day(text, "nl") == text
