"""Where the citizen is signed in: shown at their page, and ended there, one by one or all others.

Any living session may end another of the same person: whoever finds a stranger among them needs no
card to shut them out. Ending takes everything along that the session gave, what would outlive it
too, because that is what somebody wants who ends a session from afar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idp.domain.event import CardEvidence, DeviceEvidence, OtpEvidence
from idp.login import own, sessions
from idp.web.answers import see_other
from idp.web.i18n import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from werkzeug.wrappers import Request, Response

    from idp.domain.event import Evidence
    from idp.domain.session import Session
    from idp.store.ports import Ledger, Unit
    from idp.web.browser import Browser
    from idp.web.citizens import Citizen, Citizens

END: Final = f"{own.PATH}/sessions/end"
END_OTHERS: Final = f"{own.PATH}/sessions/end-others"
_WHY: Final = "by_person"
_FLOWS: Final = {"passkey": "method.passkey", "push": "account.session.push"}


def shown(
    unit: Unit, found: Iterable[Session], *, here: Session, language: str
) -> list[Mapping[str, object]]:
    """Give what the page shows of each, this browser's first: means, times, e-services."""
    ordered = sorted(found, key=lambda session: session.key != here.key)
    return [
        {
            "key": session.key,
            "here": session.key == here.key,
            "means": _means(session.event.evidence),
            "since": moment(session.opened_at, language),
            "used": moment(session.used_at, language),
            "services": _services(unit, session, language),
        }
        for session in ordered
    ]


class AccountSessions:
    """The two posts."""

    def __init__(self, citizens: Citizens, ledger: Ledger, *, now: Callable[[], datetime]) -> None:
        self._citizens = citizens
        self._ledger = ledger
        self._now = now

    def end(self, request: Request, browser: Browser) -> Response:
        """POST: end the session that the form names; nobody else's, and not this browser's."""
        return self._ended(
            request, browser, lambda fields, session: session.key == fields.get("session", "")
        )

    def end_others(self, request: Request, browser: Browser) -> Response:
        """POST: end every session of the citizen but this browser's."""
        return self._ended(request, browser, lambda fields, session: True)  # noqa: ARG005

    def _ended(
        self,
        request: Request,
        browser: Browser,
        meant: Callable[[Mapping[str, str], Session], bool],
    ) -> Response:
        """End those that are meant, and go back; for one that is gone nothing is said.

        Raises:
            Refused: malformed, or FORM_FORGED.
        """
        citizen, fields = self._citizens.posted(request, browser)
        if citizen is not None:
            self._end(citizen, lambda session: meant(fields, session))
        return see_other(f"{own.PATH}#sessions-title")

    def _end(self, citizen: Citizen, meant: Callable[[Session], bool]) -> None:
        now, here = self._now(), citizen.session.key
        with self._ledger.begin() as unit:
            for session in unit.sessions.of_person(citizen.person.id):
                if session.key != here and meant(session):
                    sessions.end(unit, session, at=now, why=_WHY, offline=True)


def _means(evidence: Evidence) -> str:
    """Give the key of the words for the means of a proof."""
    if isinstance(evidence, DeviceEvidence):
        return _FLOWS.get(evidence.flow, "method.mobile")
    if isinstance(evidence, CardEvidence):
        return "method.card"
    return "method.totp" if isinstance(evidence, OtpEvidence) else "method.seeded"


def _services(unit: Unit, session: Session, language: str) -> list[str]:
    """Give the names of the e-services that the session was used at; a removed one by its id."""
    names = []
    for client_id in session.sids:
        client = unit.clients.get(client_id)
        names.append(client_id if client is None else client.display_name(language))
    return sorted(names)
