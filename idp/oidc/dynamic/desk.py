"""The desk where e-services register themselves, and change or leave what they registered.

Who may come is a setting: whoever was invited by an operator, or, where nothing is at stake,
everybody. The rules that judge operators' registrations judge these too. Nothing is fetched for a
stranger before the invitation was seen, and nothing is answered before it is committed.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from idp.config import Environment
from idp.domain.audit_event import client_changed
from idp.domain.client import ClientId, is_open
from idp.domain.origin import Origin
from idp.errors import INVALID_TOKEN, REGISTRATION_FULL, Refused
from idp.oidc.client_secrets import mint
from idp.oidc.dynamic import tokens
from idp.oidc.dynamic.documents import Told, completed, told
from idp.oidc.dynamic.quota import Quota
from idp.oidc.dynamic.refusals import refuse_statement, refuse_update, refusing
from idp.oidc.registration.narrowing import take_out, takes_away
from idp.oidc.registration.pictures import pictured
from idp.oidc.registration.policy import policy_of
from idp.oidc.registration.proving import has_secret
from idp.oidc.registration.rules import register
from idp.oidc.registration.sector_lists import read_list
from idp.oidc.throttle import Throttle
from idp.store.ports import StoreUnavailable, VersionConflict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from idp.config import Settings
    from idp.domain.client import Client
    from idp.oidc.registration.pictures import FetchPictures
    from idp.store.ports import Ledger, Unit
    from idp.store.short_lived import Ephemeral

_ID_BYTES: Final = 16
_PREFIX: Final = "own-"
_NAME: Final = re.compile(rf"{_PREFIX}[0-9a-f]{{{2 * _ID_BYTES}}}", re.ASCII)
_TRIES: Final = "register:tokens"
"""What wrong tokens are counted under; no client can have such a name."""


class RegistrationDesk:
    """Registers, shows, changes and takes out; safe in threads."""

    def __init__(  # noqa: PLR0913 - the stores, and everything that comes from outside
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        ephemeral: Ephemeral,
        fetch: Callable[[str], bytes],
        pictures: FetchPictures,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        """Take ``fetch``, which gives what is at an address and raises ``OutboundFailed``."""
        self._settings = settings
        self._rules = settings.registration
        self._policy = policy_of(
            settings, public_subject=settings.environment is Environment.CONFORMANCE
        )
        self._ledger = ledger
        self._fetch = fetch
        self._pictures = pictures
        self._now = now
        self._entropy = entropy
        self._throttle = Throttle(ephemeral, now=now)
        self._quota = Quota(ephemeral, most=self._rules.per_hour, now=now)

    def register(
        self, document: Mapping[str, object], *, authorization: str | None, address: str | None
    ) -> dict[str, object]:
        """Register a client (RFC 7591 section 3.1) and give what it is told.

        Args:
            document: what it says of itself.
            authorization: the ``Authorization`` header as sent.
            address: the network address, as believed, for counting.

        Raises:
            Refused: TOKEN_MISSING, INVALID_TOKEN, INVALID_REDIRECT_URI, INVALID_CLIENT_METADATA,
                INVALID_SOFTWARE_STATEMENT, UNAPPROVED_SOFTWARE_STATEMENT, TOO_MANY_REQUESTS,
                REGISTRATION_FULL.
        """
        self._throttle.admit(_TRIES, address)
        invitation = None
        if self._rules.mode == "token":
            with self._counted(address):
                invitation = self._invited(tokens.presented(authorization))
        # After the invitation: whoever has none uses up no turn of those who share the address.
        self._quota.admit(address)
        refuse_statement(document)
        now = self._now()
        client_id = ClientId(_PREFIX + self._entropy(_ID_BYTES).hex())
        client = self._judged(document, client_id, former=None, now=now)
        token, kept = tokens.make(self._entropy)
        reference = None if invitation is None else invitation[:12]
        origin = Origin(invitation=reference, token=kept, ends=client.expires_at)
        client, secret = self._with_secret(replace(client, origin=origin), former=None, now=now)
        drawn = pictured(client, self._policy, self._pictures)
        client = drawn.client
        with self._ledger.begin() as unit:
            if invitation is not None and unit.registrations.accept(invitation, at=now) is None:
                raise Refused(INVALID_TOKEN, "an invitation that was used up meanwhile")
            self._take_place(unit, client, now=now)
            unit.clients.add(client)
            drawn.keep(unit)
            by = "anybody" if reference is None else f"invitation:{reference}"
            unit.record(client_changed(client=client.id, at=now, actor=by, change="added"))
        return self._told(client, Told(token=token, secret=secret))

    def show(
        self, client_id: str, *, authorization: str | None, address: str | None
    ) -> dict[str, object]:
        """Give a registration to its client (RFC 7592 section 2.1); its secret is not known here.

        Raises:
            Refused: TOKEN_MISSING, INVALID_TOKEN, TOO_MANY_REQUESTS.
        """
        token, client = self._known(client_id, authorization, address)
        return self._told(client, Told(token=token))

    def change(
        self,
        client_id: str,
        document: Mapping[str, object],
        *,
        authorization: str | None,
        address: str | None,
    ) -> dict[str, object]:
        """Put a registration in the place of the one before (RFC 7592 section 2.2).

        The token stays: one that changed in an answer that was lost would shut its client out. What
        the document takes away ends what the client held; a new secret is told once.

        Raises:
            Refused: as for ``register``; StoreUnavailable: somebody was faster.
        """
        token, former = self._known(client_id, authorization, address)
        self._quota.admit(address)
        refuse_update(document, former)
        refuse_statement(document)
        now = self._now()
        judged = self._judged(document, former.id, former=former, now=now)
        client, secret = self._with_secret(judged, former=former, now=now)
        drawn = pictured(client, self._policy, self._pictures, former=former)
        client = drawn.client
        until = client.expires_at or now + self._rules.lasts
        try:
            with self._ledger.begin() as unit:
                unit.clients.replace(client, expected_version=former.version)
                drawn.keep(unit)
                unit.registrations.prolong(client.id, until=until)
                if takes_away(former, client):
                    unit.grants.end_by_client(client.id, at=now)
                self._record(unit, client, at=now, change="edited by itself")
        except VersionConflict:
            raise StoreUnavailable("the registration was changed meanwhile") from None
        return self._told(client, Told(token=token, secret=secret))

    def remove(self, client_id: str, *, authorization: str | None, address: str | None) -> None:
        """Take a registration out, with all that it holds (RFC 7592 section 2.3).

        Raises:
            Refused: TOKEN_MISSING, INVALID_TOKEN, TOO_MANY_REQUESTS.
        """
        token, _ = self._known(client_id, authorization, address)
        now = self._now()
        with self._ledger.begin() as unit:
            client = tokens.demand(token, unit.clients.get(ClientId(client_id)))
            take_out(unit, client, at=now)
            self._record(unit, client, at=now, change="removed by itself")

    def _known(
        self, client_id: str, authorization: str | None, address: str | None
    ) -> tuple[str, Client]:
        self._throttle.admit(_TRIES, address)
        token = tokens.presented(authorization)
        with self._counted(address):
            with self._ledger.read() as unit:
                named = ClientId(client_id) if _NAME.fullmatch(client_id) else None
                client = tokens.demand(token, None if named is None else unit.clients.get(named))
            if not is_open(client, self._now()):
                raise Refused(INVALID_TOKEN, "of a client that is disabled or over")
        return token, client

    @contextmanager
    def _counted(self, address: str | None) -> Iterator[None]:
        """Count a token that is nobody's against who sent it."""
        try:
            yield
        except Refused as refused:
            if refused.problem is INVALID_TOKEN:
                self._throttle.failed(_TRIES, address)
            raise

    def _invited(self, token: str) -> str:
        """Give the digest of an invitation that can be used now; only ``accept`` uses it.

        Raises:
            Refused: INVALID_TOKEN.
        """
        kept = tokens.digest(token)
        with self._ledger.read() as unit:
            found = unit.registrations.find(kept)
        if found is None or found.used >= found.most or found.expires_at <= self._now():
            raise Refused(INVALID_TOKEN, "no invitation, used up or over")
        return kept

    def _judged(
        self,
        document: Mapping[str, object],
        client_id: ClientId,
        *,
        former: Client | None,
        now: datetime,
    ) -> Client:
        """Let the rules judge; it ends so long after its client last said it.

        Where an operator set another end, that stays. Raises: Refused.
        """
        whole = completed(
            document, client_id, settings=self._settings, policy=self._policy, former=former
        )
        listed = read_list(whole, self._policy, self._fetch, former=former)
        with refusing():
            client = register(whole, self._policy, now=now, former=former, listed=listed)
        if former is not None and former.expires_at != _given(former):
            return replace(client, expires_at=former.expires_at)
        ends, origin = now + self._rules.lasts, client.origin
        origin = None if origin is None else replace(origin, ends=ends)
        return replace(client, expires_at=ends, origin=origin)

    def _with_secret(
        self, client: Client, *, former: Client | None, now: datetime
    ) -> tuple[Client, str | None]:
        """Give a client whose method needs a secret one, unless it has; both end together.

        A secret that an operator gave another end, as the old one of a rotation, keeps that.
        """
        if not has_secret(client.auth):
            return client, None
        ends = client.expires_at or now + self._rules.lasts
        was = None if former is None else _given(former)
        alive = tuple(
            replace(one, expires_at=ends) if one.expires_at == was else one
            for one in client.secrets
            if now < one.expires_at
        )
        if alive:
            return replace(client, secrets=alive), None
        minted = mint(entropy=self._entropy, expires_at=ends)
        return replace(client, secrets=(minted.kept,)), minted.text

    def _take_place(self, unit: Unit, client: Client, *, now: datetime) -> None:
        until = now + self._rules.lasts
        if not unit.registrations.take_place(client.id, until=until, most=self._rules.most):
            raise Refused(REGISTRATION_FULL, "as many clients registered themselves as may")

    def _record(self, unit: Unit, client: Client, *, at: datetime, change: str) -> None:
        unit.record(
            client_changed(client=client.id, at=at, actor=f"client:{client.id}", change=change)
        )

    def _told(self, client: Client, secrets: Told) -> dict[str, object]:
        return told(client, issuer=self._settings.issuer, secrets=secrets)


def _given(client: Client) -> datetime | None:
    """Give the end that a registration was given here; another one is an operator's."""
    ends = None if client.origin is None else client.origin.ends
    return client.expires_at if ends is None else ends
