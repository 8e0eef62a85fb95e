"""Whether somebody's phones are asked, decided after the client was answered.

A request is accepted in the same way whomever it means; it leaves a message in the outbox, and the
housekeeper looks here whether there is a person, a phone, and a rule that lets them be asked. So
the time that an answer takes says nothing about anybody (CIBA Core 14).
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from idp.domain.assurance import CANONICAL, lowest_asked
from idp.domain.backchannel import login_of
from idp.domain.client import is_open, subject_sector
from idp.domain.grant import TokenHash
from idp.domain.person import PersonState, SubjectId
from idp.domain.shown import Asked, shown
from idp.oidc.ciba.details import read_details
from idp.store.phone import UnitOfThePhone
from idp.store.ports import AlreadySpent
from mobile_flow.errors import PhoneError
from mobile_flow.model import ApprovalState, PersonRef, Verb

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.domain.backchannel import BackchannelRequest
    from idp.domain.client import Client
    from idp.domain.person import Person
    from idp.store.ports import Ledger, Unit
    from mobile_flow.approvals import Approvals
    from mobile_flow.model import Shown

KIND: Final = "ciba-ask"
"""The kind of message that waits in the outbox; its body is the request's hash."""
_MOST_LIVE: Final = 2
_MOST_ASKED: Final = 5
_ASKED_WITHIN: Final = timedelta(minutes=10)
_ASKED: Final = "ciba-asked"
_PLACE: Final = "push-place"
_ANY: Final = tuple(state.value for state in ApprovalState)


def queue_ask(unit: Unit, request: TokenHash, *, at: datetime) -> None:
    """Have it looked at after this commit."""
    unit.outbox.add(kind=KIND, destination="", body=request.encode("ascii"), due_at=at)


class Delivering:
    """Asks phones for accepted requests; one is shared by a process."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        approvals: Approvals | None,
        issuer: str,
        now: Callable[[], datetime],
    ) -> None:
        """Take the phone's ``approvals``; without them every request waits and expires."""
        self._ledger = ledger
        self._approvals = approvals
        self._issuer = issuer
        self._now = now

    def deliver(self, message: bytes) -> None:
        """Ask whom the request means, unless the rules say that nobody is asked; once.

        Raises:
            StoreUnavailable: nothing was decided.
        """
        now = self._now()
        with suppress(AlreadySpent), self._ledger.begin() as unit:
            request = unit.backchannel.find(TokenHash(message.decode("ascii")))
            if request is None or request.subject is None or now >= request.expires_at:
                return
            unit.spend(_ASKED, request.hash, until=request.expires_at)
            client = unit.clients.get(request.client)
            if client is None or not is_open(client, now):
                return
            person = unit.people.find_by_subject(
                SubjectId(request.subject), sector=subject_sector(client)
            )
            if person is not None and person.state is PersonState.ACTIVE:
                self._ask(unit, person, client, request)

    def _ask(self, unit: Unit, person: Person, client: Client, request: BackchannelRequest) -> None:
        """Ask the person's phones, where the rules R3, R7 and R9 let them be asked."""
        who, now = PersonRef(person.id), self._now()
        phones = unit.phones.devices(who)
        if self._approvals is None or not phones:
            return
        unit.phones.hold(who)
        if len(unit.phones.live_approvals(who, at=now)) >= _MOST_LIVE:
            return
        asked = unit.phones.count_approvals(who, since=now - _ASKED_WITHIN, states=_ANY)
        if not _place_taken(unit, person, asked, now=now):
            return
        with suppress(PhoneError):
            self._approvals.ask(
                UnitOfThePhone(unit, now=self._now),
                who,
                shown=self._shown(client, request, language=phones[0].language),
                transaction=login_of(request.hash),
                expires_at=request.expires_at,
            )

    def _shown(self, client: Client, request: BackchannelRequest, *, language: str) -> Shown:
        level = lowest_asked(request.request.acr_words)
        sent = request.details
        typed = None if sent is None else read_details(sent, issuer=self._issuer)
        asked = Asked(
            verb=Verb.LOG_IN if typed is None else typed.verb,
            address=client.redirect_uris[0],
            acr="" if level is None else CANONICAL[level],
            message=request.message,
            details=() if typed is None else typed.details,
            language=language,
        )
        return shown(request.request, client, asked, now=self._now(), issuer=self._issuer)


def _place_taken(unit: Unit, person: Person, asked: int, *, now: datetime) -> bool:
    """Take one of the few places that a person has in each window, however many ask at once."""
    window = int(now.timestamp() // _ASKED_WITHIN.total_seconds())
    for place in range(asked, _MOST_ASKED):
        with suppress(AlreadySpent):
            key = f"{person.id}\x00{window}\x00{place}"
            unit.spend(_PLACE, key, until=now + 2 * _ASKED_WITHIN)
            return True
    return False
