"""How long somebody is told to wait: rounded up, in the words of their language."""

from __future__ import annotations

from datetime import timedelta

import pytest
from werkzeug.wrappers import Response

from idp.web.errors import RETRY_AFTER_SECONDS, retry_after
from idp.web.i18n import ALL_LANGUAGES, Texts, remaining

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("wait", "en", "nl", "fr", "de"),
    [
        (SECOND, "in 1 second", "over 1 seconde", "dans 1 seconde", "in 1 Sekunde"),
        (MINUTE, "in 60 seconds", "over 60 seconden", "dans 60 secondes", "in 60 Sekunden"),
        (
            *(3 * MINUTE + SECOND, "in 4 minutes", "over 4 minuten", "dans 4 minutes"),
            "in 4 Minuten",
        ),
        (HOUR, "in 60 minutes", "over 60 minuten", "dans 60 minutes", "in 60 Minuten"),
        (2 * HOUR + SECOND, "in 3 hours", "over 3 uur", "dans 3 heures", "in 3 Stunden"),
    ],
)
def test_a_wait_is_said_in_each_language(
    wait: timedelta, en: str, nl: str, fr: str, de: str
) -> None:
    assert [remaining(wait, one) for one in ("en", "nl", "fr", "de")] == [en, nl, fr, de]


@pytest.mark.parametrize("seconds", [0.001, 1, 59.5, 119, 121, 899.2, 3600, 7200.1, 86400])
def test_nobody_is_told_to_come_back_too_early(seconds: float) -> None:
    said = remaining(timedelta(seconds=seconds), "en").split()
    unit = {"second": 1, "minute": 60, "hour": 3600}[said[2].rstrip("s")]
    assert int(said[1]) * unit >= seconds


def test_each_language_has_a_sentence_for_it() -> None:
    texts = Texts()
    for language in ALL_LANGUAGES:
        assert remaining(MINUTE, language) in texts.text(
            language, "error.when", when=remaining(MINUTE, language)
        )


@pytest.mark.parametrize(
    ("status", "wait", "header"),
    [
        (429, timedelta(seconds=61.2), "62"),
        (503, timedelta(milliseconds=1), "1"),
        (429, timedelta(0), "1"),
        (429, -MINUTE, "1"),
        (429, None, str(RETRY_AFTER_SECONDS)),
        (503, None, str(RETRY_AFTER_SECONDS)),
        (403, MINUTE, None),
    ],
)
def test_the_header_carries_what_the_refusal_knows(
    status: int, wait: timedelta | None, header: str | None
) -> None:
    assert retry_after(Response(status=status), wait).headers.get("Retry-After") == header
