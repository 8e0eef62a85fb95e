"""The words of the agent's pages in Dutch, French, German and English: one file a language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import datetime as dt

NAMES: Final = {"nl": "Nederlands", "fr": "Français", "de": "Deutsch", "en": "English"}
FALLBACK: Final = "en"


@dataclass(frozen=True, kw_only=True, slots=True)
class Language:
    """The words of one language; ``code`` is ISO 639-1."""

    code: str
    words: Mapping[str, str] = field(repr=False)

    def say(self, key: str, **values: str) -> str:
        """The text of this key with its ``$names`` filled in; ``KeyError`` where one is missing."""
        return Template(self.words[key]).substitute(values)

    def tries(self, left: int) -> str:
        """How many tries remain, in words."""
        if left == 0:
            return self.say("blocked")
        return self.say("tries_one") if left == 1 else self.say("tries_many", tries=str(left))

    def wallet_tries(self, left: int) -> str:
        """The same as a line of its own, which says that it is about the PIN."""
        if left == 0:
            return self.say("blocked")
        if left == 1:
            return self.say("wallet_tries_one")
        return self.say("wallet_tries_many", tries=str(left))

    def date(self, moment: dt.datetime) -> str:
        """A day as it is written here."""
        return moment.strftime(self.words["date_format"])


@cache
def language(code: str) -> Language:
    """Read one of the four languages; ``KeyError`` for any other."""
    if code not in NAMES:
        raise KeyError(code)
    text = resources.files("cardreader.agent").joinpath("languages", f"{code}.toml")
    return Language(code=code, words=tomllib.loads(text.read_text(encoding="utf-8")))


def choose(*, wanted: str | None, asked: str | None, accept: str) -> Language:
    """Choose by ``?lang=``, else by what the asking page said, else by ``Accept-Language``."""
    for code in (wanted, asked):
        if code is not None and code in NAMES:
            return language(code)
    ranked: list[tuple[float, str]] = []
    for part in accept.split(",")[:20]:
        tag, _, weight = part.strip().partition(";q=")
        code = tag.split("-", 1)[0].lower()
        if code in NAMES:
            ranked.append((_weight(weight), code))
    ranked.sort(key=lambda pair: -pair[0])
    return language(ranked[0][1] if ranked else FALLBACK)


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
