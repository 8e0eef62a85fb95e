"""``POST /bc-authorize`` (CIBA Core 7): a request is accepted, and perhaps somebody's phone asks.

Whether anybody is asked, the client cannot tell: an unknown person, one without a phone, one who is
not to be asked now and one who does not answer all look the same until the request expires. Only
what says nothing about a person is refused at once.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from idp.domain.assurance import CANONICAL, lowest_asked
from idp.domain.backchannel import BackchannelRequest, Ping
from idp.domain.client import Delivery, subject_sector
from idp.domain.person import PersonState, SubjectId
from idp.domain.shown import Asked, shown
from idp.errors import INVALID_REQUEST, TOO_MANY_REQUESTS, UNAUTHORIZED_CLIENT, Refused
from idp.oidc import tokens
from idp.oidc.completion import SPENT_OBJECT
from idp.oidc.deciding import decided
from idp.oidc.registration.backchannel import CIBA
from idp.store.phone import UnitOfThePhone
from idp.store.ports import AlreadySpent
from mobile_flow.errors import PhoneError
from mobile_flow.model import ApprovalState, PersonRef, Verb

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.config import Settings
    from idp.domain.client import Client
    from idp.domain.person import Person
    from idp.oidc.ciba.reading import Ask, AskReader
    from idp.oidc.client_auth import Caller, ClientAuthentication
    from idp.oidc.form import Parameters
    from idp.store.ports import Ledger, Unit
    from idp.store.short_lived import Ephemeral
    from mobile_flow.approvals import Approvals
    from mobile_flow.model import Approval, Shown

GRANT_TYPE: Final = CIBA
INTERVAL: Final = timedelta(seconds=5)
LONGEST: Final = timedelta(seconds=300)
_MOST_OF_A_CLIENT: Final = 600
_MINUTE: Final = timedelta(minutes=1)
_MOST_LIVE: Final = 2
_MOST_ASKED: Final = 5
_ASKED_WITHIN: Final = timedelta(minutes=10)
_SPENT_PLACE: Final = "push-place"
_ANY: Final = tuple(state.value for state in ApprovalState)


class BackchannelAuthorization:
    """Accepts requests of clients that are registered for them."""

    def __init__(  # noqa: PLR0913 - the store, who asks, what is read, who is asked, the world
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        ephemeral: Ephemeral,
        authentication: ClientAuthentication,
        reader: AskReader,
        approvals: Approvals | None,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        """Take the phone's ``approvals``; without them every request waits and expires."""
        self._issuer = settings.issuer
        self._lasts = settings.lifetimes.backchannel_request
        self._ledger = ledger
        self._ephemeral = ephemeral
        self._authentication = authentication
        self._reader = reader
        self._approvals = approvals
        self._now = now
        self._entropy = entropy

    def ask(
        self, params: Parameters, *, authorization: str | None, address: str | None
    ) -> dict[str, object]:
        """Give ``auth_req_id``, ``expires_in`` and ``interval`` (CIBA Core 7.3).

        Raises:
            Refused: as ``authenticate`` and ``AskReader.read`` do; UNAUTHORIZED_CLIENT;
                INVALID_REQUEST for a signed request that was sent before; TOO_MANY_REQUESTS.
        """
        caller = self._authentication.authenticate(
            params, authorization=authorization, address=address
        )
        if GRANT_TYPE not in caller.client.grant_types:
            raise Refused(UNAUTHORIZED_CLIENT, "not registered for back-channel requests")
        self._demand_few(caller.client)
        ask = self._reader.read(params, caller.client)
        lasts = min(ask.lasts or self._lasts, LONGEST)
        text = decided(self._ledger, caller, lambda unit: self._accept(unit, caller, ask, lasts))
        return {
            "auth_req_id": text,
            "expires_in": int(lasts.total_seconds()),
            "interval": int(INTERVAL.total_seconds()),
        }

    def _demand_few(self, client: Client) -> None:
        """Count every request of a client alike, whomever it means. Raises: TOO_MANY_REQUESTS."""
        if self._ephemeral.bump(f"ciba-ask:{client.id}", lasts=_MINUTE) > _MOST_OF_A_CLIENT:
            raise Refused(TOO_MANY_REQUESTS, "too many back-channel requests of this client")

    def _accept(self, unit: Unit, caller: Caller, ask: Ask, lasts: timedelta) -> str:
        client, now = caller.client, self._now()
        _use_up(unit, client, ask)
        minted = tokens.mint(epoch=unit.epoch(), entropy=self._entropy)
        person, username = _meant(unit, client, ask)
        approval = None
        if person is not None and username is None:
            approval = self._delivered(unit, person, client, ask, minted.hash, until=now + lasts)
        unit.backchannel.add(
            BackchannelRequest(
                hash=minted.hash,
                client=client.id,
                person=None if person is None else person.id,
                approval=None if approval is None else approval.id,
                request=ask.request,
                details=ask.details,
                claims=() if approval is None else tuple(one.name for one in approval.shown.claims),
                username=username,
                ping=_ping(client, ask, minted.text),
                opened_at=now,
                expires_at=now + lasts,
            )
        )
        return minted.text

    def _delivered(
        self, unit: Unit, person: Person, client: Client, ask: Ask, name: str, *, until: datetime
    ) -> Approval | None:
        """Ask the person's phones, unless the rules say that nobody is asked (R3, R7, R9)."""
        who, now = PersonRef(person.id), self._now()
        phones = unit.phones.devices(who)
        if self._approvals is None or not phones:
            return None
        if len(unit.phones.live_approvals(who, at=now)) >= _MOST_LIVE:
            return None
        asked = unit.phones.count_approvals(who, since=now - _ASKED_WITHIN, states=_ANY)
        if not _place_taken(unit, person, asked, now=now):
            return None
        try:
            return self._approvals.ask(
                UnitOfThePhone(unit, now=self._now),
                who,
                shown=self._shown(client, ask, language=phones[0].language),
                transaction=f"ciba:{name}",
                expires_at=until,
            )
        except PhoneError:
            return None

    def _shown(self, client: Client, ask: Ask, *, language: str) -> Shown:
        level = lowest_asked(ask.request.acr_words)
        typed = ask.typed
        asked = Asked(
            verb=Verb.LOG_IN if typed is None else typed.verb,
            address=client.redirect_uris[0],
            acr="" if level is None else CANONICAL[level],
            message=ask.message,
            details=() if typed is None else typed.details,
            language=language,
        )
        return shown(ask.request, client, asked, now=self._now(), issuer=self._issuer)


def _meant(unit: Unit, client: Client, ask: Ask) -> tuple[Person | None, str | None]:
    """Give whom a hint names, if they may log in, and the user name of a seeded person.

    A seeded person has no phone: the hook of the conformance environment answers.
    """
    found, username = None, None
    if ask.subject is not None:
        found = unit.people.find_by_subject(SubjectId(ask.subject), sector=subject_sector(client))
    if found is None and ask.username is not None:
        found, username = unit.people.find_by_username(ask.username), ask.username
    if found is None or found.state is not PersonState.ACTIVE:
        return None, None
    return found, username


def _place_taken(unit: Unit, person: Person, asked: int, *, now: datetime) -> bool:
    """Take one of the few places that a person has in each window, however many ask at once."""
    window = int(now.timestamp() // _ASKED_WITHIN.total_seconds())
    for place in range(asked, _MOST_ASKED):
        with suppress(AlreadySpent):
            key = f"{person.id}\x00{window}\x00{place}"
            unit.spend(_SPENT_PLACE, key, until=now + 2 * _ASKED_WITHIN)
            return True
    return False


def _use_up(unit: Unit, client: Client, ask: Ask) -> None:
    signed = ask.request.signed
    if signed is None or signed.jti is None:
        return
    try:
        unit.spend(SPENT_OBJECT, f"{client.id}\x00{signed.jti}", until=signed.until)
    except AlreadySpent:
        raise Refused(INVALID_REQUEST, "a signed request sent twice") from None


def _ping(client: Client, ask: Ask, text: str) -> Ping | None:
    if client.backchannel_delivery is not Delivery.PING or ask.notification is None:
        return None
    assert client.backchannel_endpoint is not None
    return Ping(endpoint=client.backchannel_endpoint, token=ask.notification, auth_req_id=text)
