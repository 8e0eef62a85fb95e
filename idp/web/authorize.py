"""The authorization endpoint: a request becomes a login, and the browser is sent to its page.

By GET it may answer at once (single sign-on). By POST from another site no ``Lax`` cookie arrives,
so none is read: the request is kept and the browser comes back by GET, with its cookies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.oidc.form import Parameters
from idp.web.forms import require_form

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from idp.login.flow import LoginFlow
    from idp.login.openings import Openings
    from idp.oidc.requests import RequestReader
    from idp.web.answers import Answers
    from idp.web.browser import Browser
    from idp.web.cookies import Cookies


class AuthorizePage:
    """GET and POST of the authorization endpoint (OpenID Connect Core 3.1.2.1)."""

    def __init__(
        self,
        reader: RequestReader,
        flow: LoginFlow,
        *,
        openings: Openings,
        answers: Answers,
        names: Cookies,
    ) -> None:
        self._reader = reader
        self._flow = flow
        self._openings = openings
        self._answers = answers
        self._names = names

    def open(self, request: Request, browser: Browser) -> Response:
        """Read the request and open its login.

        Raises:
            Refused: a refusal for our own page.
            RefusedToClient: a refusal for the proven redirect URI.
        """
        by_get = request.method == "GET"
        if by_get:
            encoded = request.query_string
        else:
            require_form(request)
            encoded = request.get_data()
        asked = self._reader.read(Parameters.parse(encoded))
        self._openings.admit(request.remote_addr)
        visitor = browser.visitor(asked.ui_locales)
        turn = self._flow.open(asked, visitor, cookies_seen=by_get)
        response = self._answers.after_post(turn, browser)
        self._names.set(response, self._names.service, asked.client_id)
        request.environ["sesame.client"] = asked.client_id
        return response
