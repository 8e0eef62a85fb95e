"""In whose words a level is told: the federal service's for clients that speak its dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idp.domain.assurance import word_for
from idp.domain.event import CardEvidence, resists_phishing
from idp.domain.profile import Profile

if TYPE_CHECKING:
    from idp.domain.client import Client
    from idp.domain.event import AuthenticationEvent

_LEVEL: Final = "urn:be:fedict:iam:fas:citizen:Level"
_OF_CARDS: Final = tuple(f"{_LEVEL}{level}" for level in (500, 450, 400, 300, 100))
_OF_OTHERS: Final = tuple(f"{_LEVEL}{level}" for level in (450, 400, 300, 100))


def acr_told(client: Client, asked: tuple[str, ...], event: AuthenticationEvent) -> str:
    """Give the ``acr`` to answer: of the words asked, else the client's own for that level."""
    words = asked
    if not words and client.profile is Profile.FAS:
        words = _OF_CARDS if isinstance(event.evidence, CardEvidence) else _OF_OTHERS
    return word_for(event.acr, words, resistant=resists_phishing(event.evidence))
