"""The page face of a refusal: what happened, what to do, a reference number and one button.

The face of machines is in ``endpoints``; the face of e-services, at a proven redirect URI, in
``answers``. Nothing that was sent is ever shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from idp import log
from idp.domain.client import ClientId, is_open
from idp.errors import LOGIN_SPENT, Refused, WayOut
from idp.login.flow import LoginRefused
from idp.web import headers
from idp.web.client_links import login_link
from idp.web.i18n import remaining

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from werkzeug.wrappers import Request, Response

    from idp.audit.refusals import RefusalCounter
    from idp.errors import Problem
    from idp.login.flow import LoginFlow
    from idp.store.ports import Ledger
    from idp.web.browser import Browser
    from idp.web.pages import Pages

RETRY_AFTER_SECONDS: Final = 5
"""For what usually passes soon, and nobody knows when."""
_SECOND: Final = timedelta(seconds=1)
RETRIABLE: Final = frozenset({429, 503})
_LOGIN_PAGE: Final = re.compile(r"/login/[A-Za-z0-9_-]{8,128}", re.ASCII)
_LOGIN: Final = re.compile(r"/login/([A-Za-z0-9_-]{8,128})(?:/|\Z)", re.ASCII)


def note_refusal(error: Refused, counter: RefusalCounter) -> None:
    """Log a refusal and count it."""
    problem = error.problem
    log.write(
        "refused",
        level=problem.level,
        code=problem.code,
        status=problem.status,
        detail=error.detail or None,
    )
    counter.count(problem.code)


def retry_after(response: Response, wait: timedelta | None) -> Response:
    """Say when to come back, on an answer that asks to (RFC 9110 section 10.2.3).

    ``wait`` is what the refusal knows, rounded up to a second; ``None`` where nobody knows.
    """
    if response.status_code in RETRIABLE:
        response.headers["Retry-After"] = str(seconds_of(wait) or RETRY_AFTER_SECONDS)
    return response


def seconds_of(wait: timedelta | None) -> int:
    """Give whole seconds, rounded up; 0 where nobody knows."""
    return 0 if wait is None else max(1, -(-wait // _SECOND))


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """The one button of an error page: a link, or a form of a login where ``token`` is there.

    An empty address is the address that was asked, as browsers resolve it: nothing is echoed.
    """

    label: WayOut
    address: str
    token: str | None = field(default=None, repr=False)


_HOME: Final = Button(label=WayOut.CLOSE, address="/")


class ErrorPages:
    """Shows problems."""

    def __init__(
        self,
        pages: Pages,
        flow: LoginFlow,
        ledger: Ledger,
        *,
        issuer: str,
        now: Callable[[], datetime],
    ) -> None:
        self._issuer = issuer
        self._pages = pages
        self._flow = flow
        self._ledger = ledger
        self._now = now

    def show(self, error: Refused, *, request: Request, browser: Browser) -> Response:
        """Show a refusal's entry of the catalogue at the address that was asked."""
        problem = error.problem
        target = None
        if isinstance(error, LoginRefused):
            target = headers.source(error.tx.request.redirect_uri)
            language = browser.language_in(error.tx.id, error.tx.language)
            button = self._in_login(error)
        else:
            language = browser.language
            button = self._outside(problem, request, browser)
        response = self._pages.show(
            "error",
            language=language,
            status=problem.status,
            form_actions=("'self'",) if target is None else ("'self'", target),
            switch=request.method == "GET" and _LOGIN_PAGE.fullmatch(request.path) is not None,
            code=problem.code,
            words=problem.words,
            when=remaining(error.wait, language) if problem.status in RETRIABLE else "",
            button=button,
        )
        return retry_after(response, error.wait)

    def _in_login(self, error: LoginRefused) -> Button:
        """Offer a step of the login that was refused: this browser owns it."""
        problem, tx = error.problem, error.tx
        here = f"/login/{tx.id}"
        if problem.way_out is WayOut.TRY_AGAIN:
            return Button(label=WayOut.TRY_AGAIN, address=here)
        if problem is LOGIN_SPENT or problem.way_out is WayOut.CLOSE:
            home = _front_door((tx.request.redirect_uri,))
            return _HOME if home is None else Button(label=WayOut.BACK_TO_SERVICE, address=home)
        step = "cancel" if problem.way_out is WayOut.BACK_TO_SERVICE else "restart"
        token = self._flow.form_token(tx)
        return Button(label=problem.way_out, address=f"{here}/{step}", token=token)

    def _outside(self, problem: Problem, request: Request, browser: Browser) -> Button:
        login = _LOGIN.match(request.path)
        match problem.way_out:
            case WayOut.CLOSE:
                return _HOME
            case WayOut.TRY_AGAIN | WayOut.OTHER_MEANS if login is not None:
                return Button(label=problem.way_out, address=f"/login/{login[1]}")
            case WayOut.TRY_AGAIN if request.method == "GET":
                return Button(label=WayOut.TRY_AGAIN, address="")
        home = self._home_of(browser.service)
        if home is None:
            return _HOME
        again = problem.way_out is WayOut.START_AGAIN
        label = WayOut.START_AGAIN if again else WayOut.BACK_TO_SERVICE
        return Button(label=label, address=home)

    def _home_of(self, client_id: str | None) -> str | None:
        """Give where the e-service that sent this browser begins a login, or its front door.

        The cookie only names it: the address is that of its registration.
        """
        if client_id is None:
            return None
        try:
            with self._ledger.read() as unit:
                client = unit.clients.get(ClientId(client_id))
        except Refused:
            return None
        if client is None or not is_open(client, self._now()):
            return None
        return login_link(client, issuer=self._issuer) or _front_door(client.redirect_uris)


def _front_door(uris: Iterable[str]) -> str | None:
    """Give the root of the first registered address that has one (an app's own scheme has not)."""
    origins = (headers.source(uri) for uri in uris)
    found = next((origin for origin in origins if origin and urlsplit(origin).netloc), None)
    return None if found is None else f"{found}/"
