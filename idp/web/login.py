"""The pages of one login, ``/login/<id>…``: each post is one step, and ends in a redirect."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from werkzeug.wrappers import Response

from idp import log
from idp.domain.event import MethodName
from idp.errors import INVALID_REQUEST, Refused
from idp.web import waits
from idp.web.answers import see_other
from idp.web.forms import read_form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Request

    from idp.login.flow import LoginFlow, Visitor
    from idp.login.transactions import Held
    from idp.web.answers import Answers
    from idp.web.browser import Browser
    from idp.web.cookies import Cookies
    from idp.web.i18n import Texts

LANGUAGE_LASTS: Final = timedelta(days=365)
FORM_TOKEN: Final = "form_token"  # noqa: S105 - a field's name
CLAIM_PREFIX: Final = "claim."


class LoginPages:
    """One method a route."""

    def __init__(self, flow: LoginFlow, *, answers: Answers, names: Cookies, texts: Texts) -> None:
        self._flow = flow
        self._answers = answers
        self._names = names
        self._texts = texts

    def visit(self, request: Request, browser: Browser, login: str) -> Response:
        """GET: show where the login stands. ``?lang=`` keeps a language for this login."""
        log.transaction_id.set(login)
        if request.query_string:
            return self._choose_language(request, login)
        return self._answers.on_visit(self._flow.visit(login, browser.visitor()), browser)

    def status(self, request: Request, browser: Browser, login: str) -> Response:
        """GET: say where the login stands, for a script that waits. Nothing about anybody."""
        del request
        log.transaction_id.set(login)
        tx, state = self._flow.progress(login, browser.visitor())
        response = Response(waits.status(tx, state), content_type="application/json")
        response.vary.add("Cookie")
        return response

    def method(self, request: Request, browser: Browser, login: str) -> Response:
        """POST: a means of login was chosen."""
        held, visitor, fields = self.form(request, browser, login)
        try:
            chosen = MethodName(fields.get("method", ""))
        except ValueError:
            raise Refused(INVALID_REQUEST, "no such means") from None
        turn = self._flow.choose(held, visitor, chosen)
        return self._answers.after_post(turn, browser)

    def card_answer(self, request: Request, browser: Browser, login: str) -> Response:
        """POST: the card's token."""
        held, visitor, fields = self.form(request, browser, login)
        turn = self._flow.prove(held, visitor, MethodName.CARD, fields.get("token", ""))
        return self._answers.after_post(turn, browser)

    def seeded(self, request: Request, browser: Browser, login: str) -> Response:
        """POST: the name of a seeded person."""
        held, visitor, fields = self.form(request, browser, login)
        turn = self._flow.prove(held, visitor, MethodName.SEEDED, fields.get("username", ""))
        return self._answers.after_post(turn, browser)

    def consent(self, request: Request, browser: Browser, login: str) -> Response:
        """POST: the citizen agreed to the claims that are ticked."""
        held, visitor, fields = self.form(request, browser, login)
        agreed = frozenset(
            name.removeprefix(CLAIM_PREFIX)
            for name, value in fields.items()
            if name.startswith(CLAIM_PREFIX) and value == "1"
        )
        turn = self._flow.consent(
            held, visitor, agreed=agreed, remember=fields.get("remember") == "1"
        )
        return self._answers.after_post(turn, browser)

    def new_phone(self, request: Request, browser: Browser, login: str) -> Response:
        """POST: whether a phone that was added lately is the citizen's."""
        held, visitor, fields = self.form(request, browser, login)
        turn = self._flow.know(
            held, visitor, phone=fields.get("phone", ""), said=fields.get("said", "")
        )
        return self._answers.after_post(turn, browser)

    def cancel(self, request: Request, browser: Browser, login: str) -> Response:
        """POST: the citizen does not want to; the e-service is told."""
        held, visitor, _ = self.form(request, browser, login)
        return self._answers.after_post(self._flow.cancel(held, visitor), browser)

    def restart(self, request: Request, browser: Browser, login: str) -> Response:
        """POST: back to the choice of a means, or: this is not me."""
        held, visitor, _ = self.form(request, browser, login)
        return self._answers.after_post(self._flow.restart(held, visitor), browser)

    def form(
        self, request: Request, browser: Browser, login: str
    ) -> tuple[Held, Visitor, Mapping[str, str]]:
        """Read a form of ours and prove that it came from this browser's page.

        Raises:
            Refused: malformed, or FORM_FORGED, or the login is not this browser's.
        """
        log.transaction_id.set(login)
        fields = read_form(request)
        visitor = browser.visitor()
        held = self._flow.check_form(login, visitor, fields.get(FORM_TOKEN, ""))
        return held, visitor, fields

    def _choose_language(self, request: Request, login: str) -> Response:
        """Keep the language if there is such a one; whatever else was asked is not."""
        response = see_other(f"/login/{login}")
        chosen = request.args.get("lang", "")
        if chosen in self._texts.languages:
            self._names.set(
                response, self._names.language, f"{chosen}.{login}", lasts=LANGUAGE_LASTS
            )
        return response
