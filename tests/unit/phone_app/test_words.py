"""The app's words: complete in four languages, used, and the same as the login pages' own."""

from __future__ import annotations

import json
import re
from string import Formatter

import pytest

from idp.domain.vocabulary import FACTS
from idp.web.i18n import Texts
from mobile_flow import pwa
from mobile_flow.model import ApprovalState, Verb

FILES = pwa.files()
WORDS = {
    language: json.loads(FILES[f"messages/{language}.json"].body) for language in pwa.LANGUAGES
}
SCRIPTS = "\n".join(
    file.body.decode() for name, file in FILES.items() if re.fullmatch(r"[a-z]+\.js", name)
)
MADE_OF_PARTS = {
    *(f"verb.{verb}" for verb in Verb),
    *(f"to.{verb}" for verb in Verb),
    *(f"state.{state}" for state in ApprovalState),
    *(f"nav.{name}" for name in ("home", "history", "phones", "settings")),
    *(f"settings.push.{name}" for name in ("on", "off", "is_on", "is_off", "unsupported")),
    "settings.push.denied",
    *(
        f"end.{state}.{part}"
        for state in ("approved", "refused", "reported", "wrong_number", "cancelled", "expired")
        for part in ("title", "text")
    ),
    "enrol.name.phone",
    "enrol.name.computer",
    "enrol.key.known",
    "enrol.key.failed",
    "scan.denied",
    "scan.none",
    "push.title",
    "push.body",
}


def gaps(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name)


@pytest.mark.parametrize("language", pwa.LANGUAGES)
def test_every_language_has_the_same_words_with_the_same_gaps(language: str) -> None:
    assert WORDS[language].keys() == WORDS["en"].keys()
    for key, text in WORDS[language].items():
        assert text.strip() == text != "", key
        assert gaps(text) == gaps(WORDS["en"][key]), key


def test_every_word_is_used_and_every_used_word_exists() -> None:
    named = set(re.findall(r'\bt\("([a-z_.]+)"', SCRIPTS)) | MADE_OF_PARTS
    spoken = {key for key in WORDS["en"] if not key.startswith(("claim.", "detail."))}
    assert named - spoken == set()
    assert spoken - named == set()


@pytest.mark.parametrize("language", pwa.LANGUAGES)
def test_a_claim_is_called_the_same_on_the_phone_as_on_the_page(language: str) -> None:
    texts = Texts()
    for fact in (*FACTS, "egovNRN"):
        assert WORDS[language][f"claim.{fact}"] == texts.claim(language, fact)


def test_the_shell_that_is_kept_for_offline_is_the_whole_app() -> None:
    worker = FILES["sw.js"].body.decode()
    for name in FILES:
        kept = name.startswith(("icons/mark-512", "icons/maskable")) or name == "sw.js"
        stem = name.rpartition("/")[2].partition(".")[0]
        assert kept or name == pwa.INDEX or f'"{stem}"' in worker or f"/{name}" in worker, name


def test_nothing_in_the_page_is_inline_and_every_file_it_names_is_there() -> None:
    page = FILES[pwa.INDEX].body.decode()
    assert "style=" not in page
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    for path in re.findall(r'(?:src|href)="/phone/([^"]+)"', page):
        assert path in FILES
    for icon in json.loads(FILES["manifest.webmanifest"].body)["icons"]:
        assert icon["src"].removeprefix("/phone/") in FILES
