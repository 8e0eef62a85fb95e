"""From a turn of the login to what the browser gets: a page, or the way back to the e-service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from werkzeug.wrappers import Response

from idp.domain.answer import location, refusal
from idp.domain.client import SubjectType
from idp.domain.crossing import OFFLINE, scopes_given
from idp.domain.event import MethodName
from idp.domain.transaction import awaited
from idp.errors import LOGIN_MOVED, Refused
from idp.login.accepting import KNOWN
from idp.login.flow import Page
from idp.web import headers, readings
from idp.web.client_links import links
from idp.web.i18n import day, moment, reason
from idp.web.phone_login import drawn
from idp.web.waits import Waits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.config import Settings
    from idp.domain.answer import Answer, RefusedToClient
    from idp.domain.claims import ClaimOffer
    from idp.login.flow import LoginFlow, Turn
    from idp.oidc.jarm import SignedAnswers
    from idp.web.browser import Browser
    from idp.web.check_session import CheckSession
    from idp.web.cookies import Cookies
    from idp.web.i18n import Texts
    from idp.web.logos import Logos
    from idp.web.pages import Pages

_SEE_OTHER: Final = 303
_REDIRECT: Final = (
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Vary", "Cookie"),
)
# Shown on a page in somebody's office: the number itself is not for bystanders.
_NOT_SHOWN: Final = frozenset({"rrn", "egovNRN", "national_number"})
_TEMPLATES: Final[Mapping[Page, str]] = {
    Page.CHOOSE: "choose",
    Page.PASSKEY: "passkey",
    Page.MOBILE: "mobile",
    Page.CARD: "card",
    Page.TOTP: "totp",
    Page.SEEDED: "seeded",
    Page.NEW_PHONE: "new_phone",
    Page.CONSENT: "consent",
}


def see_other(address: str) -> Response:
    """Send the browser on with GET (RFC 9110 section 15.4.4).

    The address is one of our own paths or a proven URL, and is written as it is.
    """
    return Response(status=_SEE_OTHER, headers=[("Location", address), *_REDIRECT])


class Answers:
    """Turns, answers and redirects as responses, with the cookies they set."""

    def __init__(  # noqa: PLR0913 - the login, and everything that its answers are made of
        self,
        settings: Settings,
        flow: LoginFlow,
        *,
        signed: SignedAnswers,
        pages: Pages,
        texts: Texts,
        names: Cookies,
        logos: Logos,
        check: CheckSession | None = None,
    ) -> None:
        self._settings = settings
        self._check = check
        self._flow = flow
        self._signed = signed
        self._pages = pages
        self._texts = texts
        self._names = names
        self._logos = logos
        self._waits = Waits(settings)

    def to_service(self, answer: Answer, *, language: str) -> Response:
        """Send an authorization response by its mode.

        Query: 303 (never 307, RFC 9700 section 4.12). form_post (OAuth 2.0 Form Post Response
        Mode): a page that a script of ours submits, or the citizen with its button. A signed mode
        does either with a signed JWT (JARM).

        Raises:
            Refused: it cannot be signed.
        """
        answer = self._signed.sign(answer)
        if not answer.mode.posted:
            return see_other(location(answer))
        target = headers.source(answer.redirect_uri)
        return self._pages.show(
            "form_post",
            language=language,
            form_actions=() if target is None else (target,),
            answer=answer,
        )

    def refused_to_service(self, error: RefusedToClient, *, language: str) -> Response:
        """Tell the client at its proven redirect URI why it is refused."""
        answer = refusal(error.reply, error.problem, issuer=self._settings.issuer)
        return self.to_service(answer, language=language)

    def after_post(self, turn: Turn, browser: Browser) -> Response:
        """Answer a post: to the e-service if the login ended, else back to its page by GET."""
        if turn.answer is not None:
            return self._done(turn, turn.answer, browser)
        response = self._with_cookies(see_other(f"/login/{turn.tx.id}"), turn)
        if turn.trouble is not None:
            self._names.set(response, self._names.note, f"{turn.tx.id}.{turn.trouble.code}")
        return response

    def on_visit(self, turn: Turn, browser: Browser) -> Response:
        """Answer a visit of a login: the page it stands at, or the way back."""
        if turn.answer is not None:
            return self._done(turn, turn.answer, browser)
        if turn.page not in _TEMPLATES:
            raise Refused(LOGIN_MOVED, "a turn without a page or an answer")
        language = browser.language_in(turn.tx.id, turn.tx.language)
        note = browser.note(turn.tx.id)
        response = self._page(turn, browser, language=language, trouble=turn.trouble or note)
        if note is not None:
            self._names.clear(response, self._names.note)
        return self._with_cookies(response, turn)

    def _done(self, turn: Turn, answer: Answer, browser: Browser) -> Response:
        language = browser.language_in(turn.tx.id, turn.tx.language)
        if self._check is None:
            return self._with_cookies(self.to_service(answer, language=language), turn)
        answer, word = self._check.stated(answer, turn.set_session or browser.session)
        response = self._with_cookies(self.to_service(answer, language=language), turn)
        if word is not None:
            self._names.set_state(response, word)
        return response

    def _page(self, turn: Turn, browser: Browser, *, language: str, trouble: object) -> Response:
        target = headers.source(turn.tx.request.redirect_uri)
        agent = self._settings.card.agent_url if turn.page is Page.CARD else None
        connect = self._waits.connect if awaited(turn.tx) else ()
        if agent is not None and (origin := headers.source(agent)) is not None:
            connect += (origin,)
        shown, seen = _TEMPLATES[turn.page], drawn(turn.shown)
        logo = self._logos.shown(turn.client, language)
        return self._pages.show(
            shown,
            language=language,
            form_actions=("'self'",) if target is None else ("'self'", target),
            connect=connect,
            switch=True,
            tx=turn.tx,
            client_name=turn.client.display_name(language),
            client_host=urlsplit(turn.tx.request.redirect_uri).netloc,
            client_links=links(turn.client, language, pictured=logo is not None),
            client_logo=logo,
            form_token=self._flow.form_token(turn.tx),
            methods=turn.methods,
            others=tuple(name for name in turn.methods if name is not turn.tx.method),
            card=MethodName.CARD,
            claims=tuple(self._claim(offer, language) for offer in turn.offers),
            person_name=turn.person_name or "",
            shared_code=turn.client.subject_type is SubjectType.PUBLIC,
            offline=_goes_offline(turn),
            trouble=trouble,
            agent_url=agent or "",
            reading=readings.shown(turn.reading, turn.client, texts=self._texts, language=language),
            wait=self._waits.of(turn.tx, turn.state) if awaited(turn.tx) else None,
            handheld=browser.handheld,
            phone=seen.get("phone"),
            new_phone=_new_phone(seen, language),
            passkey_options=seen.get("passkey_options", ""),
        )

    def _claim(self, offer: ClaimOffer, language: str) -> Mapping[str, object]:
        shown = offer.name.rpartition("/")[2] not in _NOT_SHOWN
        return {
            "name": offer.name,
            "words": self._texts.claim(language, offer.name),
            "value": self._value(offer.value, language) if shown else "",
            "essential": offer.essential,
            "verified": offer.verified,
            "reason": None if offer.purpose is None else reason(offer.purpose, language),
        }

    def _value(self, value: object, language: str) -> str:
        """Write a value for its owner; empty for what no words can show, such as a picture."""
        if isinstance(value, bool):
            return self._texts.text(language, "consent.yes" if value else "consent.no")
        if isinstance(value, dict):
            whole = value.get("formatted") or ", ".join(map(str, value.values()))
            return str(whole).replace("\n", ", ")
        if isinstance(value, list):
            return ", ".join(map(str, value))
        if not isinstance(value, str) or value.startswith("data:"):
            return ""
        return day(value, language)

    def _with_cookies(self, response: Response, turn: Turn) -> Response:
        names = self._names
        if turn.set_binding is not None:
            # Kept, so that a browser that its person used before is known again (rule R5).
            names.set(response, names.browser, turn.set_binding, lasts=KNOWN)
        if turn.set_session is not None:
            names.set(response, names.session, turn.set_session)
        elif turn.clear_session:
            names.clear_session(response)
        return response


def _new_phone(seen: Mapping[str, object], language: str) -> Mapping[str, object]:
    """Give what the page about a new phone says of it."""
    phone = seen.get("new_phone")
    if not isinstance(phone, dict):
        return {}
    return {"id": phone["id"], "name": phone["name"], "when": moment(phone["added"], language)}


def _goes_offline(turn: Turn) -> bool:
    """Tell whether what is agreed to will outlive the session, by the proof that there is."""
    scopes, event = turn.tx.request.scopes, turn.tx.event
    given = scopes if event is None else scopes_given(scopes, turn.client, event.evidence)
    return OFFLINE in given
