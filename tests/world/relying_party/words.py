"""The words of the pages in four languages, and which language a visitor reads."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES: Final[Mapping[str, str]] = {
    "nl": "Nederlands",
    "fr": "Français",
    "de": "Deutsch",
    "en": "English",
}
FIRST: Final = "municipality"
"""Its words are those of the language itself."""
_FOLDER: Final = Path(__file__).with_name("languages")


@cache
def words(language: str, service: str = FIRST) -> Mapping[str, str]:
    """Every text of a language, by its key; an e-service may say some of them in its own way."""
    found = _read(f"{language}.toml")
    return found if service == FIRST else {**found, **_read(f"{service}.{language}.toml")}


def _read(name: str) -> dict[str, str]:
    found: dict[str, str] = tomllib.loads((_FOLDER / name).read_text(encoding="utf-8"))
    return found


def choose(*wishes: str | None, accept: str = "") -> str:
    """The first wish that we speak, then the first of Accept-Language that we do, then Dutch."""
    for wish in wishes:
        if wish in LANGUAGES:
            return str(wish)
    for part in accept.split(",")[:20]:
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag in LANGUAGES:
            return tag
    return "nl"
