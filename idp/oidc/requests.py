"""What a client asks, read once by an ordered table of checks; the table is the documentation.

Until the redirect URI is proven a refusal stays on our own page. From there on it goes to the
client, in the way that the client asked to be answered. At ``/par`` the client is told directly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, auto
from typing import TYPE_CHECKING, Final, Protocol

from idp.domain.answer import RefusedToClient, ReplyTo
from idp.domain.client import ClientId, is_open
from idp.domain.redirects import registered
from idp.domain.response_type import ResponseType
from idp.errors import (
    CLIENT_DISABLED,
    INVALID_REQUEST_URI,
    REDIRECT_URI_MISMATCH,
    UNKNOWN_CLIENT,
    Refused,
)
from idp.oidc import answering, checks
from idp.oidc.carried import Carriers
from idp.oidc.checks import Draft
from idp.oidc.object_offers import STRICT
from idp.oidc.profiles.keeping import hold_registration
from idp.store.ports import StoreUnavailable

if TYPE_CHECKING:
    from datetime import datetime

    from idp.domain.client import Client
    from idp.domain.request import AuthorizationRequest
    from idp.oidc.form import Parameters
    from idp.oidc.hints import HintRing
    from idp.oidc.object_offers import ObjectOffers
    from idp.oidc.request_objects import RequestObjects
    from idp.oidc.request_references import RequestReferences
    from idp.store.ports import Ledger

PUSHED_PREFIX: Final = "urn:ietf:params:oauth:request_uri:"
LONGEST_CLIENT_ID: Final = 256


class At(Flag):
    """The endpoints that take an authorization request."""

    AUTHORIZE = auto()
    PAR = auto()


BOTH: Final = At.AUTHORIZE | At.PAR


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One row of the table."""

    name: str
    at: At
    apply: Callable[[Draft], None]


def _row(name: str, at: At, apply: Callable[[Draft], None]) -> Check:
    return Check(name=name, at=at, apply=apply)


# The client comes before everything: known and enabled at /authorize, authenticated at /par. Then
# comes the signed object, if there is one: what follows reads what stood inside.

UNPROVEN: Final = (_row("redirect_uri", BOTH, checks.redirect_uri),)
"""Refusals that stay with us: nobody has proven where an answer may go."""

HOW_TO_ANSWER: Final = (
    _row("state", BOTH, checks.state),
    _row("response_mode", BOTH, answering.response_mode),
)
"""Applied before the others, so that their refusals travel as the client asked."""

PROVEN: Final = (
    _row("profile", At.AUTHORIZE, checks.profile_direct),
    _row("profile", At.PAR, checks.profile_pushed),
    _row("pushed_only", At.AUTHORIZE, checks.pushed_only),
    _row("request", BOTH, checks.signed_only),
    _row("request_uri", At.AUTHORIZE, checks.no_foreign_request_uri),
    _row("request_uri", At.PAR, checks.no_pushed_request_uri),
    _row("response_type", BOTH, answering.response_type),
    _row("prompt", BOTH, checks.prompt),
    _row("scope", BOTH, checks.scope),
    _row("code_challenge", BOTH, checks.pkce),
    _row("nonce", BOTH, checks.nonce),
    _row("max_age", BOTH, checks.max_age),
    _row("acr_values", BOTH, checks.acr_values),
    _row("claims", BOTH, checks.claims),
    _row("default_acr_values", BOTH, checks.default_levels),
    _row("login_hint", BOTH, checks.login_hint),
    _row("id_token_hint", BOTH, checks.id_token_hint),
    _row("ui_locales", BOTH, checks.ui_locales),
    _row("resource", BOTH, checks.resource),
    _row("dpop_jkt", BOTH, checks.key),
)
"""Refusals that the client is told. ``display``, ``claims_locales`` and unknown names: ignored."""

TABLE: Final = (*UNPROVEN, *HOW_TO_ANSWER, *PROVEN)
_APPLIED: Final = {at: tuple(check for check in TABLE if at in check.at) for at in At}


class RequestRules:
    """The table, applied to the parameters of a known client."""

    def __init__(
        self,
        *,
        ring: HintRing,
        objects: RequestObjects,
        issuer: str,
        references: RequestReferences | None = None,
        offers: ObjectOffers = STRICT,
        response_types: tuple[ResponseType, ...] = (ResponseType.CODE,),
    ) -> None:
        """Take the request objects (``offers``) and ``response_types`` that are offered here."""
        self._ring = ring
        self._carriers = Carriers(objects=objects, references=references, offers=offers)
        self._issuer = issuer
        self._offered = response_types

    def check(self, params: Parameters, client: Client, at: At) -> AuthorizationRequest:
        """Read a request.

        Raises:
            Refused: at either endpoint, until the redirect URI is proven; at ``/par`` always.
            RefusedToClient: at ``/authorize``, from there on.
        """
        draft = self._opened(self._draft(params, client), at)
        for check in _APPLIED[at]:
            try:
                check.apply(draft)
            except Refused as refused:
                if at is At.PAR or not draft.redirect_uri or isinstance(refused, StoreUnavailable):
                    raise
                raise RefusedToClient(
                    refused.problem, f"{check.name}: {refused.detail}", reply=_reply(draft)
                ) from refused
        return draft.finished()

    def _draft(self, params: Parameters, client: Client) -> Draft:
        return Draft(
            params=params,
            client=client,
            ring=self._ring,
            issuer=self._issuer,
            offered=self._offered,
        )

    def _opened(self, outside: Draft, at: At) -> Draft:
        """Go on with what stands in an object, where one came.

        A refused object is told to the client only where the parameters beside it prove an address.

        Raises:
            Refused, RefusedToClient: as ``Carriers.opened`` refuses.
        """
        try:
            found = self._carriers.opened(outside.params, outside.client, direct=at is At.AUTHORIZE)
        except Refused as refused:
            if at is At.PAR or isinstance(refused, StoreUnavailable):
                raise
            try:
                for check in (*UNPROVEN, *HOW_TO_ANSWER):
                    check.apply(outside)
            except Refused:
                raise refused from None
            raise RefusedToClient(
                refused.problem, f"request: {refused.detail}", reply=_reply(outside)
            ) from refused
        if found is None:
            return outside
        inside = self._draft(found[0], outside.client)
        inside.signed = found[1]
        return inside


class Pushed(Protocol):
    """Where pushed requests are found again; answered by ``idp.oidc.par``."""

    def visit(self, request_uri: str, client_id: ClientId) -> AuthorizationRequest:
        """Give it, prolonged at its first visit. Raises: Refused(INVALID_REQUEST_URI)."""
        ...


class RequestReader:
    """Reads what a browser brings to ``/authorize``, by query or by form."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        pushed: Pushed,
        rules: RequestRules,
        now: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._pushed = pushed
        self._rules = rules
        self._now = now

    def read(self, params: Parameters) -> AuthorizationRequest:
        """Give the request, from the parameters or from what was pushed before.

        With a ``request_uri`` of ours only it and ``client_id`` count (RFC 9126 section 4).

        Raises:
            Refused: for our own page.
            RefusedToClient: for the client, at its proven redirect URI.
        """
        client = self._client(params)
        request_uri = params.get("request_uri")
        if request_uri is None or not request_uri.startswith(PUSHED_PREFIX):
            return self._rules.check(params, client, At.AUTHORIZE)
        request = self._pushed.visit(request_uri, client.id)
        if registered(request.redirect_uri, client.redirect_uris) is None:
            raise Refused(REDIRECT_URI_MISMATCH, "redirect_uri taken out since the push")
        if request.profile is not client.profile:
            raise Refused(INVALID_REQUEST_URI, "judged by another profile at the push")
        return request

    def _client(self, params: Parameters) -> Client:
        client_id = params.get("client_id")
        if client_id is None or len(client_id) > LONGEST_CLIENT_ID:
            raise Refused(UNKNOWN_CLIENT, "client_id absent or too long")
        with self._ledger.read() as unit:
            client = unit.clients.get(ClientId(client_id))
        if client is None:
            raise Refused(UNKNOWN_CLIENT, "no such client")
        if not is_open(client, self._now()):
            raise Refused(CLIENT_DISABLED, "client disabled or past its end")
        hold_registration(client)
        return client


def _reply(draft: Draft) -> ReplyTo:
    return ReplyTo(
        client=draft.client.id,
        redirect_uri=draft.redirect_uri,
        mode=draft.response_mode,
        state=draft.state,
    )
