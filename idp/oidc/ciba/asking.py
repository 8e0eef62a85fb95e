"""``POST /bc-authorize`` (CIBA Core 7): a request is accepted, and perhaps somebody's phone asks.

Whether anybody is asked, the client cannot tell: an unknown person, one without a phone, one who is
not to be asked now and one who does not answer all look the same until the request expires, and
accepting it is the same work (``delivering`` comes after the answer). Only what says nothing about
a person is refused at once; a wrong user code is refused alike whoever it was said for.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from idp.domain.backchannel import BackchannelRequest, Ping
from idp.domain.client import Delivery
from idp.domain.person import PersonState
from idp.errors import INVALID_REQUEST, TOO_MANY_REQUESTS, UNAUTHORIZED_CLIENT, Refused
from idp.oidc import tokens
from idp.oidc.ciba.delivering import queue_ask
from idp.oidc.completion import SPENT_OBJECT
from idp.oidc.deciding import decided
from idp.oidc.registration.backchannel import CIBA
from idp.store.ports import AlreadySpent

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.config import Settings
    from idp.domain.client import Client
    from idp.domain.person import Person
    from idp.domain.user_code import KeptCode
    from idp.oidc.certificates import ClientCertificate
    from idp.oidc.ciba.reading import Ask, AskReader
    from idp.oidc.ciba.user_codes import UserCodes
    from idp.oidc.client_auth import Caller, ClientAuthentication
    from idp.oidc.form import Parameters
    from idp.store.ports import Ledger, Unit
    from idp.store.short_lived import Ephemeral

GRANT_TYPE: Final = CIBA
INTERVAL: Final = timedelta(seconds=5)
LONGEST: Final = timedelta(seconds=300)
_MOST_OF_A_CLIENT: Final = 600
_MINUTE: Final = timedelta(minutes=1)


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
        user_codes: UserCodes,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._lasts = settings.lifetimes.backchannel_request
        self._ledger = ledger
        self._ephemeral = ephemeral
        self._authentication = authentication
        self._reader = reader
        self._user_codes = user_codes
        self._now = now
        self._entropy = entropy

    def ask(
        self,
        params: Parameters,
        *,
        authorization: str | None,
        address: str | None,
        certificate: ClientCertificate | None = None,
    ) -> dict[str, object]:
        """Give ``auth_req_id``, ``expires_in`` and ``interval`` (CIBA Core 7.3).

        Raises:
            Refused: as ``authenticate`` and ``AskReader.read`` do; UNAUTHORIZED_CLIENT;
                INVALID_REQUEST for a signed request that was sent before; INVALID_USER_CODE;
                TOO_MANY_REQUESTS.
        """
        caller = self._authentication.authenticate(
            params, authorization=authorization, address=address, certificate=certificate
        )
        if GRANT_TYPE not in caller.client.grant_types:
            raise Refused(UNAUTHORIZED_CLIENT, "not registered for back-channel requests")
        self._demand_few(caller.client)
        ask = self._reader.read(params, caller.client)
        lasts = min(ask.lasts or self._lasts, LONGEST)
        code = None
        if ask.user_code is not None:
            code = self._user_codes.prove(caller.client, ask.subject, ask.user_code)
        text = decided(
            self._ledger, caller, lambda unit: self._accept(unit, caller, ask, lasts, code=code)
        )
        return {
            "auth_req_id": text,
            "expires_in": int(lasts.total_seconds()),
            "interval": int(INTERVAL.total_seconds()),
        }

    def _demand_few(self, client: Client) -> None:
        """Count every request of a client alike, whomever it means. Raises: TOO_MANY_REQUESTS."""
        if self._ephemeral.bump(f"ciba-ask:{client.id}", lasts=_MINUTE) > _MOST_OF_A_CLIENT:
            detail = "too many back-channel requests of this client"
            raise Refused(TOO_MANY_REQUESTS, detail, wait=_MINUTE)

    def _accept(
        self, unit: Unit, caller: Caller, ask: Ask, lasts: timedelta, *, code: KeptCode | None
    ) -> str:
        client, now = caller.client, self._now()
        if code is not None:
            self._user_codes.accept(unit, client, ask.subject, code)
        _use_up(unit, client, ask)
        minted = tokens.mint(epoch=unit.epoch(), entropy=self._entropy)
        seeded = _seeded(unit, ask)
        unit.backchannel.add(
            BackchannelRequest(
                hash=minted.hash,
                client=client.id,
                subject=ask.subject if seeded is None else None,
                person=None if seeded is None else seeded.id,
                username=None if seeded is None else ask.username,
                request=ask.request,
                message=ask.message,
                details=ask.details,
                ping=_ping(client, ask, minted.text),
                opened_at=now,
                expires_at=now + lasts,
            )
        )
        queue_ask(unit, minted.hash, at=now)
        return minted.text


def _seeded(unit: Unit, ask: Ask) -> Person | None:
    """Give the seeded person whom the hint names, in the conformance environment alone.

    A seeded person has no phone: the hook of that environment answers.
    """
    found = None if ask.username is None else unit.people.find_by_username(ask.username)
    return found if found is not None and found.state is PersonState.ACTIVE else None


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
