"""The words of the pages: message catalogues read once at start, and the choice of a language.

The catalogues are gettext files with keys as identifiers (``choose.title``); they are compiled in
memory, so that a text is corrected by editing one file. Every language has every key: a test holds
them together, and a missing key raises instead of showing an identifier to a citizen.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from babel.core import negotiate_locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.messages.pofile import read_po
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from idp.domain.client import Purpose

ALL_LANGUAGES: Final = ("nl", "fr", "de", "en")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"nl": "Nederlands", "fr": "Français", "de": "Deutsch", "en": "English"}
)
_ZONE: Final = ZoneInfo("Europe/Brussels")
_LONGEST_HEADER: Final = 500
_REMEMBERED: Final = 1024
_UNITS: Final = (timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1))
_FEWEST: Final = 2


class Texts:
    """The message catalogues of the languages that a deployment offers."""

    def __init__(self, languages: tuple[str, ...] = ALL_LANGUAGES) -> None:
        self.languages = languages
        self._messages = {language: _read(language) for language in languages}

    def text(self, language: str, key: str, **values: str) -> str:
        """Give one text; ``{name}`` in it is replaced by a value, whose own braces stay text.

        Raises:
            KeyError: the key or a value is missing: a mistake of ours.
        """
        message = self._messages[language][key]
        return message.format_map(values) if values else message

    def keys(self, language: str) -> frozenset[str]:
        """Give every key of a language."""
        return frozenset(self._messages[language])

    def claim(self, language: str, name: str) -> str:
        """Give a claim's name in words; a claim without words keeps its technical name.

        A claim in our own namespace (``https://…/claims/rrn``) is known by its last part.
        """
        short = name.rpartition("/")[2]
        return self._messages[language].get(f"claim.{short}", name)

    def choose(self, wanted: Iterable[str]) -> str | None:
        """Give the first of ``wanted`` (BCP 47 tags) that is offered, by its language alone."""
        return _first(wanted, self.languages)

    def accepted(self, accept_language: str | None) -> str:
        """Choose by the ``Accept-Language`` header, else the first language configured."""
        if not accept_language or len(accept_language) > _LONGEST_HEADER:
            return self.languages[0]
        return _preferred(accept_language, self.languages)


@lru_cache(_REMEMBERED)
def _preferred(accept_language: str, languages: tuple[str, ...]) -> str:
    accepted = parse_accept_header(accept_language, LanguageAccept)
    return _first((tag for tag, quality in accepted if quality > 0), languages) or languages[0]


def _first(wanted: Iterable[str], languages: tuple[str, ...]) -> str | None:
    tags = [tag.replace("-", "_") for tag in wanted]
    return negotiate_locale(tags, languages, sep="_", aliases={}) if tags else None


def moment(at: datetime, language: str) -> str:
    """Write a moment for a reader, in the country's time."""
    return format_datetime(at, f"{_day_form(language)} HH:mm", tzinfo=_ZONE, locale=language)


def remaining(wait: timedelta | None, language: str) -> str:
    """Write how long it still lasts, such as "in 4 minutes", rounded up; empty for ``None``.

    From two of a larger unit on it is told in that unit, so nobody reads "in 240 seconds".
    """
    if wait is None:
        return ""
    unit = next((unit for unit in _UNITS if wait > _FEWEST * unit), _UNITS[-1])
    rounded = max(1, -(-wait // unit)) * unit
    return format_timedelta(rounded, threshold=_FEWEST, add_direction=True, locale=language)


def day(written: str, language: str) -> str:
    """Write a whole ISO 8601 date for a reader; any other text as it is."""
    if not _DATE.fullmatch(written):
        return written
    try:
        found = date.fromisoformat(written)
    except ValueError:
        return written
    return format_date(found, _day_form(language), locale=language)


def _day_form(language: str) -> str:
    return "d. MMMM y" if language == "de" else "d MMMM y"


def reason(purpose: Purpose, language: str) -> str | None:
    """Give why a claim is asked, in the reader's language if it is registered, else any."""
    by_language = purpose.reason
    return (
        by_language.get(language) or by_language.get("en") or next(iter(by_language.values()), None)
    )


def _read(language: str) -> Mapping[str, str]:
    path = resources.files("idp.web") / "translations" / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as stream:
        catalogue = read_po(stream, locale=language, abort_invalid=True)
    return MappingProxyType(
        {
            str(message.id): str(message.string)
            for message in catalogue
            if message.id and message.string
        }
    )
