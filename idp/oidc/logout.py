"""Logout as an e-service asks it (OpenID Connect RP-Initiated Logout 1.0).

The browser is sent on only to an address that is registered for the client that an ID token of ours
names. Anything less ends in our own page; a request whose parts contradict each other is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from idp.domain.client import Client, ClientId, is_open
from idp.errors import LOGOUT_HINT_WRONG, Refused
from idp.oidc.checks import LONGEST_STATE
from idp.oidc.hints import open_hint

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.oidc.form import Parameters
    from idp.oidc.hints import Hint, HintRing
    from idp.store.ports import Ledger


@dataclass(frozen=True, kw_only=True, slots=True)
class LogoutRequest:
    """What is asked, after every check that needs no session.

    Attributes:
        client: who asks, known by its hint or named by ``client_id``; ``None`` if nobody says.
        post_logout_redirect_uri: set only when proven.
        subject, sid: whom the hint names; without a hint the person is asked first (section 6).
    """

    client: Client | None = None
    post_logout_redirect_uri: str | None = None
    state: str | None = field(default=None, repr=False)
    subject: str | None = field(default=None, repr=False)
    sid: str | None = field(default=None, repr=False)
    ui_locales: tuple[str, ...] = ()

    @property
    def hinted(self) -> bool:
        """Tell whether an ID token of ours stands behind it."""
        return self.subject is not None


class Logout:
    """Reads logout requests, by query or by form."""

    def __init__(
        self, *, ledger: Ledger, ring: HintRing, issuer: str, now: Callable[[], datetime]
    ) -> None:
        self._ledger = ledger
        self._ring = ring
        self._issuer = issuer
        self._now = now

    def read(self, params: Parameters) -> LogoutRequest:
        """Read a request.

        Raises:
            Refused: LOGOUT_HINT_WRONG where the hint is not ours, hint and ``client_id`` differ,
                or an address is sent that is not proven.
        """
        hint = self._hint(params)
        client = self._client(params, hint)
        return LogoutRequest(
            client=client,
            post_logout_redirect_uri=self._proven(params, client, hint),
            state=_state(params),
            subject=None if hint is None else hint.subject,
            sid=None if hint is None else hint.sid,
            ui_locales=tuple((params.get("ui_locales") or "").split()[:16]),
        )

    def _hint(self, params: Parameters) -> Hint | None:
        compact = params.get("id_token_hint")
        if compact is None:
            return None
        return open_hint(compact, ring=self._ring, issuer=self._issuer, otherwise=LOGOUT_HINT_WRONG)

    def _client(self, params: Parameters, hint: Hint | None) -> Client | None:
        named = params.get("client_id")
        if hint is not None:
            if len(hint.audience) != 1:
                raise Refused(LOGOUT_HINT_WRONG, "the hint is for several clients")
            if named not in {None, hint.audience[0]}:
                raise Refused(LOGOUT_HINT_WRONG, "client_id is not the hint's audience")
            named = hint.audience[0]
        if named is None:
            return None
        with self._ledger.read() as unit:
            return unit.clients.get(ClientId(named))

    def _proven(self, params: Parameters, client: Client | None, hint: Hint | None) -> str | None:
        """Give the address if it is registered, byte for byte, for a hint's client (section 3)."""
        sent = params.get("post_logout_redirect_uri")
        if sent is None:
            return None
        known: tuple[str, ...] = ()
        if client is not None and is_open(client, self._now()):
            known = client.post_logout_redirect_uris
        if hint is None or sent not in known:
            raise Refused(LOGOUT_HINT_WRONG, "post_logout_redirect_uri is not proven")
        return sent


def post_logout_location(request: LogoutRequest) -> str | None:
    """Give where the browser goes after logout, ``state`` appended; ``None`` for our own page."""
    if request.post_logout_redirect_uri is None or request.state is None:
        return request.post_logout_redirect_uri
    joint = "&" if "?" in request.post_logout_redirect_uri else "?"
    return f"{request.post_logout_redirect_uri}{joint}{urlencode({'state': request.state})}"


def _state(params: Parameters) -> str | None:
    value = params.get("state")
    if value is not None and len(value) > LONGEST_STATE:
        raise Refused(LOGOUT_HINT_WRONG, "state too long")
    return value
