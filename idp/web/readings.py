"""What the card's page says will be read from the card, and why, in the reader's language.

The same reasons go with the question to the card agent, which shows them again as the website's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from idp.domain.reading import DOCUMENT
from idp.web.i18n import reason

if TYPE_CHECKING:
    from idp.domain.client import Client
    from idp.domain.reading import Reading
    from idp.web.i18n import Texts

_MOST_REASONS: Final = 8
"""As many as the agent takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What is kept and why: claims with the purpose's reason, or what a rule judges by."""

    claims: tuple[str, ...]
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingShown:
    """What the template writes.

    Attributes:
        files: the sets to ask the agent for, by their names in its protocol.
        sets: the same for the citizen, in one phrase.
        needed: the login cannot go on without them.
    """

    files: tuple[str, ...]
    sets: str
    rows: tuple[Row, ...]
    needed: bool

    @property
    def reasons(self) -> list[str]:
        """What the agent is told, each reason once."""
        return list(dict.fromkeys(row.reason for row in self.rows if row.reason))[:_MOST_REASONS]


def shown(
    reading: Reading | None, client: Client, *, texts: Texts, language: str
) -> ReadingShown | None:
    """Put a reading into words."""
    if reading is None:
        return None
    rows = [
        Row(
            claims=tuple(texts.claim(language, name) for name in wanted.claims),
            reason=reason(wanted.purpose, language) or "",
        )
        for wanted in reading.wanted
    ]
    if client.minimum_age is not None:
        whether, why = (
            texts.text(language, key, years=str(client.minimum_age))
            for key in ("card.reads.whether", "card.reads.age")
        )
        rows.append(Row(claims=(whether,), reason=why))
    if DOCUMENT in reading.rules:
        kind = texts.claim(language, DOCUMENT)
        rows.append(Row(claims=(kind,), reason=texts.text(language, "card.reads.document")))
    *first, last = (texts.text(language, f"card.reads.{one}") for one in reading.files)
    phrase = last
    if first:
        joined = ", ".join(first)
        phrase = texts.text(language, "card.reads.and", first=joined, last=last)
    return ReadingShown(
        files=tuple(one.value for one in reading.files),
        sets=phrase,
        rows=tuple(rows),
        needed=reading.needed,
    )
