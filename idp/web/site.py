"""The assembly of the web: every handler once, behind two doors.

Flask knows every route, and only routes: no Flask session, no form parser, no template context. In
front of it stands a door that finds the same handlers in a table: the machine endpoints, and the
pages that every login passes. What the door does not know at once is Flask's to judge. What a
handler raises leaves through one place, here for refusals and in ``idp.app`` for faults.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from flask import Flask, current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from idp import log
from idp.domain.answer import RefusedToClient
from idp.errors import (
    BODY_TOO_LARGE,
    INVALID_REQUEST,
    LOGIN_UNKNOWN,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    Refused,
)
from idp.oidc import paths
from idp.oidc.session_management import CHECK_SESSION
from idp.web.account_routes import account_routes
from idp.web.answers import Answers
from idp.web.authorize import AuthorizePage
from idp.web.browser import Browser
from idp.web.check_session import CheckSession
from idp.web.cookies import Cookies
from idp.web.cors import CrossOrigin
from idp.web.endpoints import Endpoints
from idp.web.errors import ErrorPages, note_refusal
from idp.web.files import StaticFiles
from idp.web.home import HomePage
from idp.web.i18n import Texts
from idp.web.login import LoginPages
from idp.web.logos import PATH as LOGOS
from idp.web.logos import Logos
from idp.web.logout import LogoutPage
from idp.web.pages import Pages
from idp.web.phone import FILES, PhonePages
from idp.web.phone_login import PhoneLoginPages
from idp.web.scanned import ScannedPage
from idp.web.telling import Telling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from werkzeug.wrappers import Request, Response

    from idp.services import Services
    from idp.web.endpoints import Endpoint, Handler

    View = Callable[[Request, Browser], Response]
    Step = Callable[[Request, Browser, str], Response]
    StepHandler = Callable[[Request, str], Response]

_LOGIN: Final = re.compile(r"[A-Za-z0-9_-]{8,128}", re.ASCII)
_LOGINS: Final = "/login/"
_STATIC: Final = "/static/"
_HEADABLE: Final = frozenset(
    {"/", f"{_STATIC}<name>", f"{LOGOS}<name>", paths.JWKS, paths.DISCOVERY}
)
_PROBLEMS: Final = {404: NOT_FOUND, 405: METHOD_NOT_ALLOWED, 413: BODY_TOO_LARGE}


class Site:
    """Everything that answers HTTP, over one set of services.

    Attributes:
        endpoints: the machine endpoints by path.
        flask: the application with every route, the machine endpoints' included.
    """

    def __init__(self, services: Services) -> None:
        settings = services.settings
        self._services = services
        self._texts = Texts(settings.languages)
        self._names = Cookies.of(settings.issuer, state=settings.login.session_management)
        self._files = StaticFiles()
        self._logos = Logos(services.ledger, whose=settings.registration.logos)
        self._check = CheckSession(
            names=self._names, vault=services.vault, files=self._files, entropy=services.entropy
        )
        self._pages = Pages(settings, self._texts, self._files)
        self._answers = Answers(
            settings,
            services.flow,
            signed=services.signed_answers,
            pages=self._pages,
            texts=self._texts,
            names=self._names,
            logos=self._logos,
            check=self._check if settings.login.session_management else None,
        )
        self._errors = ErrorPages(
            self._pages,
            services.flow,
            services.ledger,
            issuer=settings.issuer,
            now=services.now,
        )
        self._machine = Endpoints(
            services,
            CrossOrigin(services.ledger, now=services.now, monotonic=services.monotonic),
        )
        self.endpoints = self._machine.table()
        self._below = self._machine.below()
        desk = services.phone
        self._phone = PhonePages(
            None if desk is None else desk.api,
            texts=self._texts,
            refusals=services.refusals,
            cookie=self._names.browser,
            now=services.now,
        )
        self._views: dict[tuple[str, str], Handler] = {}
        self._steps: dict[tuple[str, str], StepHandler] = {}
        self.flask = self._routes()

    def front(self, asked: Request, endpoint: Endpoint | None) -> Response | None:
        """Answer what is known by its exact path and method; ``None`` leaves it to Flask.

        ``endpoint`` is the machine endpoint of its path, if it has one.

        Raises:
            Refused: whatever the handler refuses.
        """
        path = asked.path
        if endpoint is not None:
            return endpoint.handler(asked)
        if path.startswith(_LOGINS):
            login, slash, tail = path.removeprefix(_LOGINS).partition("/")
            step = self._steps.get((asked.method, slash + tail))
            return step(asked, login) if step and _LOGIN.fullmatch(login) else None
        if path.startswith(FILES):
            return self._phone.answer(asked)
        view = self._views.get((asked.method, path))
        return view(asked) if view else None

    def endpoint(self, path: str) -> Endpoint | None:
        """Find the machine endpoint of a path: its own, or one of many below another."""
        found = self.endpoints.get(path)
        if found is None:
            head, slash, tail = path.rpartition("/")
            found = self._below.get(head + slash) if tail else None
        return found

    def refused(self, error: Refused, asked: Request) -> Response:
        """Give the face of a refusal that whoever asked understands."""
        note_refusal(error, self._services.refusals)
        if self.endpoint(asked.path) is not None:
            return self._machine.refusal(error, asked)
        return self.refusal_page(error, asked)

    def refusal_page(self, error: Refused, asked: Request) -> Response:
        """Give the page face, or send the browser back where the redirect URI is proven."""
        browser = Browser(asked, self._names, self._texts)
        if isinstance(error, RefusedToClient):
            try:
                return self._answers.refused_to_service(error, language=browser.language)
            except Refused as unsigned:
                # It could not be signed: the person at least is told.
                return self._errors.show(unsigned, request=asked, browser=browser)
        return self._errors.show(error, request=asked, browser=browser)

    def _routes(self) -> Flask:
        app = Flask("idp.web", static_folder=None, template_folder=None)
        app.config["PROPAGATE_EXCEPTIONS"] = True
        # A path is what it says: no slash is forgiven, nothing is redirected to a better one.
        app.url_map.merge_slashes = False
        app.url_map.strict_slashes = True
        app.before_request(_note_route)
        app.register_error_handler(Refused, self._on_refused)
        app.register_error_handler(HTTPException, self._on_http)
        self._add_pages(app)
        self._add_login(app)
        below = tuple(replace(one, handler=_whole(one.handler)) for one in self._below.values())
        for endpoint in (*self.endpoints.values(), *below):
            app.add_url_rule(
                endpoint.path,
                endpoint.path,
                _of_flask(endpoint.handler),
                methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
                provide_automatic_options=False,
            )
        return app

    def _add_pages(self, app: Flask) -> None:
        services, names, texts = self._services, self._names, self._texts
        authorize = AuthorizePage(
            services.reader,
            services.flow,
            openings=services.openings,
            answers=self._answers,
            names=names,
        )
        logout = LogoutPage(
            services.logout,
            services.flow,
            telling=Telling(
                services.ledger,
                issuer=services.settings.issuer,
                now=services.now,
                monotonic=services.monotonic,
                # Most threads are never kept from those who log in.
                places=max(1, services.settings.listen.threads // 4),
            ),
            ledger=services.ledger,
            issuer=services.settings.issuer,
            vault=services.vault,
            pages=self._pages,
            names=names,
            texts=texts,
        )
        scanned = ScannedPage(self._pages)
        account = account_routes(
            services, answers=self._answers, pages=self._pages, names=names, texts=texts
        )
        home = HomePage(self._pages, names=names, texts=texts, account=bool(account))
        pages: tuple[tuple[str, str, View], ...] = (
            ("GET", "/", home.get),
            ("GET", "/PHONE/", scanned.app),
            ("GET", paths.AUTHORIZE, authorize.open),
            ("POST", paths.AUTHORIZE, authorize.open),
            ("GET", paths.LOGOUT, logout.get),
            ("POST", paths.LOGOUT, logout.post),
            *account,
        )
        if services.settings.login.session_management:
            pages += (("GET", CHECK_SESSION, self._check.get),)
        for method, rule, view in pages:
            handler = self._views[method, rule] = self._view(rule, view)
            app.add_url_rule(rule, f"{method} {rule}", _of_flask(handler), methods=[method])
        code = self._view("/Q/<code>", scanned.get)
        app.add_url_rule("/Q/<path:text>", "scanned", lambda text: code(request))  # noqa: ARG005
        app.add_url_rule(
            f"{FILES}<path:name>",
            "phone",
            lambda name: self._phone.answer(request),  # noqa: ARG005
        )
        app.add_url_rule(
            f"{_STATIC}<name>", "static", lambda name: self._files.answer(request, name)
        )
        app.add_url_rule(f"{LOGOS}<name>", "logo", lambda name: self._logos.answer(request, name))

    def _add_login(self, app: Flask) -> None:
        login = LoginPages(
            self._services.flow, answers=self._answers, names=self._names, texts=self._texts
        )
        desk = self._services.phone
        phone = PhoneLoginPages(
            self._services.flow,
            phone=None if desk is None else desk.method,
            form=login.form,
            answers=self._answers,
            now=self._services.now,
        )
        steps: tuple[tuple[str, str, Step], ...] = (
            ("GET", "", login.visit),
            ("GET", "/status", login.status),
            ("POST", "/method", login.method),
            ("POST", "/card/answer", login.card_answer),
            ("GET", "/frames", phone.frames),
            ("POST", "/mobile", phone.mobile),
            ("POST", "/passkey", phone.passkey),
            ("POST", "/totp", phone.totp),
            ("POST", "/seeded", login.seeded),
            ("POST", "/new-phone", login.new_phone),
            ("POST", "/consent", login.consent),
            ("POST", "/cancel", login.cancel),
            ("POST", "/restart", login.restart),
        )
        for method, tail, step in steps:
            rule = f"{_LOGINS}<login>{tail}"
            handler = self._steps[method, tail] = self._step(rule, step)
            app.add_url_rule(rule, rule, _of_flask(handler), methods=[method])

    def _view(self, rule: str, view: View) -> Handler:
        def handler(asked: Request) -> Response:
            asked.environ["sesame.route"] = rule
            return view(asked, Browser(asked, self._names, self._texts))

        return handler

    def _step(self, rule: str, step: Step) -> StepHandler:
        def handler(asked: Request, login: str) -> Response:
            asked.environ["sesame.route"] = rule
            if _LOGIN.fullmatch(login) is None:
                raise Refused(LOGIN_UNKNOWN, "not an identifier of ours")
            log.transaction_id.set(login)
            return step(asked, Browser(asked, self._names, self._texts), login)

        return handler

    def _on_refused(self, error: Refused) -> Response:
        return self.refused(error, request)

    def _on_http(self, error: HTTPException) -> Response:
        """Give werkzeug's own refusals our face; what it would redirect does not exist here."""
        problem = _PROBLEMS.get(error.code or 0, INVALID_REQUEST)
        if 300 <= (error.code or 0) < 400:  # noqa: PLR2004 - the class of redirects
            problem = NOT_FOUND
        response = self.refused(Refused(problem, "before any view"), request)
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(_open_to(error.valid_methods)))
        return response


def _open_to(methods: Iterable[str]) -> set[str]:
    """Leave out what Flask would answer and we do not."""
    headable = request.path in _HEADABLE or request.path.startswith((_STATIC, LOGOS))
    return set(methods) - (set() if headable else {"HEAD"})


def _of_flask(handler: Callable[..., Response]) -> Callable[..., Response]:
    """Give the view of a handler: it gets the request that Flask is at, and the rule's values."""
    return lambda **values: handler(request, *values.values())


def _whole(handler: Handler) -> Callable[..., Response]:
    """Give a handler that reads from the path what the rule found in it."""
    return lambda asked, _: handler(asked)


def _note_route() -> None:
    """Name the route for the access log; a HEAD request never opens, ends or spends anything."""
    rule = request.url_rule
    if rule is None:
        return
    request.environ["sesame.route"] = rule.rule
    if request.method == "HEAD" and rule.rule not in _HEADABLE:
        same = (one for one in current_app.url_map.iter_rules() if one.rule == rule.rule)
        raise MethodNotAllowed(valid_methods=set().union(*(one.methods or () for one in same)))
