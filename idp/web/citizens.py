"""Who stands at the citizen's page, and whether they may change anything now.

Looking takes any living session. A change takes one whose latest proof was an eID card, at most ten
minutes ago: whoever only has the phone, or a browser left open, adds no means of login.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from idp.domain.event import CardEvidence
from idp.domain.person import Person, PersonState
from idp.domain.session import Session
from idp.errors import FORM_FORGED, Refused
from idp.login import sessions
from idp.login.people import full_name
from idp.store.means import means_stand
from idp.web.forms import read_form
from idp.web.login import FORM_TOKEN
from mobile_flow.model import PersonRef

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from werkzeug.wrappers import Request

    from idp.login.sessions import SessionRules
    from idp.store.ports import Ledger, Unit, Vault
    from idp.web.browser import Browser

CARD_COUNTS: Final = timedelta(minutes=10)
_PURPOSE: Final = "account-form"


@dataclass(frozen=True, kw_only=True, slots=True)
class Citizen:
    """Somebody who is signed in.

    Attributes:
        card: the fingerprint of the card that was proven a moment ago; ``None`` where it was
            another means, or longer ago than counts.
    """

    person: Person
    session: Session
    card: str | None = field(repr=False)

    @property
    def ref(self) -> PersonRef:
        """Their name on the phone's side."""
        return PersonRef(self.person.id)

    @property
    def name(self) -> str:
        """Their name in full, or nothing."""
        return full_name(self.person) or ""


class Citizens:
    """Finds them by their session's cookie."""

    def __init__(
        self, ledger: Ledger, vault: Vault, *, rules: SessionRules, now: Callable[[], datetime]
    ) -> None:
        self._ledger = ledger
        self._vault = vault
        self._rules = rules
        self._now = now

    def at(self, browser: Browser) -> Citizen | None:
        """Give who is signed in with this browser, by a means that they still have."""
        now = self._now()
        with self._ledger.read() as unit:
            session = sessions.find(unit, browser.session)
            if session is None or not self._rules.alive(session, now):
                return None
            person = unit.people.get(session.event.person)
            if person is None or person.state is not PersonState.ACTIVE:
                return None
            if not means_stand(unit, person.id, session.event.evidence):
                return None
        return Citizen(person=person, session=session, card=_fresh_card(session, now))

    def sessions(self, unit: Unit, citizen: Citizen) -> tuple[Session, ...]:
        """Give every session in which the citizen is signed in, this one among them."""
        now = self._now()
        found = unit.sessions.of_person(citizen.person.id)
        return tuple(session for session in found if self._rules.alive(session, now))

    def form_token(self, browser: Browser) -> str:
        """Give what every form of the page carries: bound to the session."""
        session = (browser.session or "").encode()
        return self._vault.fingerprint(_PURPOSE, session).hex()

    def posted(
        self, request: Request, browser: Browser
    ) -> tuple[Citizen | None, Mapping[str, str]]:
        """Read a form of this session's page; give who is signed in, and its fields.

        Raises:
            Refused: malformed, or FORM_FORGED.
        """
        fields = read_form(request)
        token = fields.get(FORM_TOKEN, "")
        if not hmac.compare_digest(self.form_token(browser).encode(), token.encode()):
            raise Refused(FORM_FORGED, "a form of the citizen's page")
        return self.at(browser), fields


def _fresh_card(session: Session, now: datetime) -> str | None:
    evidence = session.event.evidence
    if not isinstance(evidence, CardEvidence):
        return None
    until = min(session.event.at + CARD_COUNTS, evidence.not_after)
    return evidence.certificate_fingerprint if now < until else None
