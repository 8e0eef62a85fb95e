"""RP-initiated logout and the citizen's own: end the session, tell who used it, say so or go back.

Without a hint that speaks of the session in this browser the citizen is asked first (OpenID
Connect RP-Initiated Logout 1.0 section 2), so that no other site can sign anybody out. A cross-site
post brings no cookie: it is sent on by GET, as at the authorization endpoint.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from idp.domain.ended import Ended
from idp.errors import FORM_FORGED, INVALID_REQUEST, Refused
from idp.login import sessions
from idp.oidc.form import Parameters
from idp.oidc.logout import post_logout_location
from idp.oidc.paths import LOGOUT
from idp.store.ports import StoreUnavailable
from idp.web import headers
from idp.web.answers import see_other
from idp.web.client_links import login_link
from idp.web.forms import require_form
from idp.web.login import FORM_TOKEN
from idp.web.telling import NOBODY

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from idp.domain.session import Session
    from idp.login.flow import LoginFlow
    from idp.oidc.logout import Logout, LogoutRequest
    from idp.store.ports import Ledger, Vault
    from idp.web.browser import Browser
    from idp.web.cookies import Cookies
    from idp.web.i18n import Texts
    from idp.web.pages import Pages
    from idp.web.telling import Telling, Told

_KEPT: Final = (
    "id_token_hint",
    "logout_hint",
    "client_id",
    "post_logout_redirect_uri",
    "state",
    "ui_locales",
)
_LONGEST_QUERY: Final = 8192
_PURPOSE: Final = "logout-form"


class LogoutPage:
    """GET and POST of the end-session endpoint."""

    def __init__(  # noqa: PLR0913 - the protocol's reader, the session's end and the page's parts
        self,
        logout: Logout,
        flow: LoginFlow,
        *,
        telling: Telling,
        ledger: Ledger,
        issuer: str,
        vault: Vault,
        pages: Pages,
        names: Cookies,
        texts: Texts,
    ) -> None:
        self._logout = logout
        self._flow = flow
        self._telling = telling
        self._ledger = ledger
        self._issuer = issuer
        self._vault = vault
        self._pages = pages
        self._names = names
        self._texts = texts

    def get(self, request: Request, browser: Browser) -> Response:
        """End the session that the hint speaks of, ask about any other, or say it is done."""
        params = Parameters.parse(request.query_string)
        asked = self._logout.read(params)
        session = self._session(browser)
        if session is None or _speaks_of(asked, session):
            return self._end(asked, browser, language=self._language(asked, browser))
        return self._ask(params, asked, browser)

    def post(self, request: Request, browser: Browser) -> Response:
        """A relying party's form is sent on by GET; our own confirmation ends the session.

        Raises:
            Refused: FORM_FORGED for a confirmation that is not of this session's page.
        """
        require_form(request)
        params = Parameters.parse(request.get_data())
        if FORM_TOKEN not in params.names():
            return see_other(_by_get(params))
        expected = self._form_token(browser)
        if not hmac.compare_digest(expected, params.get(FORM_TOKEN) or ""):
            raise Refused(FORM_FORGED, "logout confirmation")
        asked = self._logout.read(params)
        return self._end(asked, browser, language=self._language(asked, browser))

    def _ask(self, params: Parameters, asked: LogoutRequest, browser: Browser) -> Response:
        language = self._language(asked, browser)
        target = asked.post_logout_redirect_uri and headers.source(asked.post_logout_redirect_uri)
        return self._pages.show(
            "logout",
            language=language,
            form_actions=("'self'", target) if target else ("'self'",),
            form_token=self._form_token(browser),
            fields=_kept(params),
            client_name=asked.client.display_name(language) if asked.client else "",
        )

    def _end(self, asked: LogoutRequest, browser: Browser, *, language: str) -> Response:
        why = "citizen" if asked.client is None else "client"
        ended = self._flow.end_session(browser.visitor(), why=why) or Ended()
        told = self._told(ended, language=language)
        self._telling.wait(ended.messages)
        back = post_logout_location(asked)
        if back is not None and not told.frames:
            response = see_other(back)
        else:
            response = self._signed_out(told, asked, back, language=language)
        if browser.session is not None:
            self._names.clear_session(response)
        return response

    def _told(self, ended: Ended, *, language: str) -> Told:
        """Give who is told; the session is over even where the store is silent just then."""
        try:
            return self._telling.of(ended, language=language)
        except StoreUnavailable:
            return NOBODY

    def _signed_out(
        self, told: Told, asked: LogoutRequest, back: str | None, *, language: str
    ) -> Response:
        return self._pages.show(
            "signed_out",
            language=language,
            frame_sources=told.origins,
            told=told,
            back=back,
            back_name=asked.client.display_name(language) if asked.client else "",
            again=login_link(asked.client, issuer=self._issuer) if asked.client else None,
        )

    def _session(self, browser: Browser) -> Session | None:
        with self._ledger.read() as unit:
            session = sessions.find(unit, browser.session)
        # One that was succeeded counts: what is to end is its whole sign-on.
        return None if session is None or session.ended_at is not None else session

    def _form_token(self, browser: Browser) -> str:
        session = (browser.session or "").encode()
        return self._vault.fingerprint(_PURPOSE, session).hex()

    def _language(self, asked: LogoutRequest, browser: Browser) -> str:
        return self._texts.choose(asked.ui_locales) or browser.language


def _speaks_of(asked: LogoutRequest, session: Session) -> bool:
    """Tell whether the verified hint is of this very session at that client."""
    if asked.client is None or asked.sid is None:
        return False
    return session.sids.get(asked.client.id) == asked.sid


def _kept(params: Parameters) -> tuple[tuple[str, str], ...]:
    values = ((name, params.text(name)) for name in _KEPT)
    return tuple((name, value) for name, value in values if value is not None)


def _by_get(params: Parameters) -> str:
    query = urlencode(_kept(params))
    if len(query) > _LONGEST_QUERY:
        raise Refused(INVALID_REQUEST, "logout parameters too long")
    return f"{LOGOUT}?{query}" if query else LOGOUT
