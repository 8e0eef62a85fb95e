"""The pages of the e-service: start, my file, signed out, and what went wrong."""

from __future__ import annotations

import datetime as dt
import hmac
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from flask import Flask, Response, g, redirect, render_template, request
from werkzeug.exceptions import HTTPException

from tests.world.relying_party.services import MUNICIPALITY, Service
from tests.world.relying_party.sign_in import Provider, SignInFailed
from tests.world.relying_party.visits import Visit, Visits
from tests.world.relying_party.words import LANGUAGES, choose, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.wrappers import Response as Answer

LANGUAGE: Final = "specimen_language"
YEAR: Final = 31_536_000
log: Final = logging.getLogger("specimen")
HIDDEN: Final = ("sub", "iss", "aud")
LOGGED_OUT: Final = "/logged-out"


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """What the pages work with.

    Attributes:
        address: our own, ``http://localhost:8401``.
    """

    address: str
    provider: Provider
    visits: Visits
    service: Service = MUNICIPALITY

    def app(self) -> Flask:
        """The site as one WSGI application."""
        app = Flask(__name__, static_url_path="/static")
        app.config.update(
            TRUSTED_HOSTS=["localhost", "127.0.0.1", urlsplit(self.address).hostname],
            MAX_CONTENT_LENGTH=16 * 1024,
            SEND_FILE_MAX_AGE_DEFAULT=3600,
        )
        app.before_request(self._meet)
        app.after_request(self._leave)
        app.errorhandler(SignInFailed)(self._failed)
        app.errorhandler(HTTPException)(self._lost)
        rules: tuple[tuple[str, str, Callable[[], Any]], ...] = (
            ("GET", "/", self.start),
            ("POST", "/sign-in", self.sign_in),
            ("GET", "/callback", self.callback),
            ("GET", "/file", self.file),
            ("POST", "/refresh", self.refresh),
            ("POST", "/step-up", self.step_up),
            ("POST", "/sign-out", self.sign_out),
            ("GET", "/signed-out", self.signed_out),
            ("POST", LOGGED_OUT, self.logged_out),
        )
        for method, path, view in rules:
            app.add_url_rule(path, view.__name__, view, methods=[method])
        return app

    # --- the pages ------------------------------------------------------------------------------

    def start(self) -> str | Answer:
        """What this site is, and the way in."""
        if self._visit().citizen is not None:
            return redirect("/file", 303)
        return self._page("start", "start_title", told=self._visit().told)

    def sign_in(self) -> Answer:
        """Go to the provider."""
        return self._away(again=None)

    def callback(self) -> Answer:
        """Come back from the provider."""
        visit = self._visit()
        pending = visit.pending.pop(request.args.get("state", ""), None)
        if pending is None:
            if visit.citizen is not None:  # a reload, or the way back in the browser's history
                return redirect("/file", 303)
            raise SignInFailed("stale", "no such sign-in in this browser")
        g.visit = self.visits.signed_in(visit, self.provider.finish(pending, request.args))
        return redirect("/file", 303)

    def file(self) -> str | Answer:
        """My file: who is here and what we were told."""
        citizen = self._visit().citizen
        if citizen is None:
            return redirect("/", 303)
        told = {**citizen.claims, **citizen.about}
        return self._page(
            "file",
            "file_title",
            who=told.get("given_name") or told.get("name") or self._words()["citizen"],
            acr=told.get("acr", "-"),
            signed_in_at=_clock(told.get("auth_time") or told["iat"]),
            refreshed_at=citizen.refreshed_at and _clock(citizen.refreshed_at),
            about=_rows(citizen.about),
            proof=_rows(citizen.claims),
            refreshable=citizen.refresh_token is not None,
        )

    def refresh(self) -> Answer:
        """Ask for fresh tokens."""
        visit = self._visit()
        if visit.citizen is None:
            return redirect("/", 303)
        try:
            visit.citizen = self.provider.refresh(visit.citizen)
        except SignInFailed as error:
            if error.reason == "ended":
                visit.citizen = None
            raise
        return redirect("/file", 303)

    def step_up(self) -> Answer:
        """Ask for the card once more."""
        citizen = self._visit().citizen
        return self._away(again=None if citizen is None else citizen.subject)

    def sign_out(self) -> Answer:
        """Sign out here, then at the provider."""
        visit = self._visit()
        citizen = visit.citizen
        if citizen is None:
            return redirect("/signed-out", 303)
        visit.citizen, visit.leaving = None, self.visits.secret()
        try:
            there = self.provider.sign_out_address(citizen, visit.leaving, g.language)
        except SignInFailed:
            return redirect("/signed-out", 303)
        return redirect(there, 303)

    def signed_out(self) -> str | Answer:
        """Say goodbye; only a provider's answer to our own question says it everywhere."""
        visit = self._visit()
        given = request.args.get("state", "")
        everywhere = visit.leaving is not None and hmac.compare_digest(
            visit.leaving.encode(), given.encode()
        )
        return self._page("signed_out", "signed_out_title", everywhere=everywhere)

    def logged_out(self) -> tuple[str, int]:
        """Take the provider's word that a citizen signed out there; no browser asks this."""
        try:
            over = self.provider.logged_out(request.form.get("logout_token", ""))
        except SignInFailed as error:
            log.warning("logout token: %r", str(error))
            return "", 400
        self.visits.logged_out(over)
        return "", 204

    # --- around every page ----------------------------------------------------------------------

    def _meet(self) -> None:
        g.visit = None
        g.language = choose(
            request.args.get("lang"),
            request.cookies.get(LANGUAGE),
            accept=request.headers.get("Accept-Language", ""),
        )
        if request.path == LOGGED_OUT:  # the token is the proof
            return
        if request.method == "POST" and request.headers.get("Origin") != self._own_origin():
            raise SignInFailed("stale", "a form of another site")

    def _leave(self, response: Response) -> Response:
        to = urlsplit(self.provider.issuer)
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
            f"form-action 'self' {to.scheme}://{to.netloc}; frame-ancestors 'none'"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        # Not `no-referrer`: that would take the Origin from our own forms.
        response.headers["Referrer-Policy"] = "same-origin"
        if request.endpoint == "static":
            return response
        response.headers["Cache-Control"] = "no-store"
        if g.visit is not None and request.cookies.get(self.service.visit_cookie) != g.visit.id:
            response.set_cookie(
                self.service.visit_cookie, g.visit.id, httponly=True, samesite="Lax", path="/"
            )
        if request.args.get("lang") in LANGUAGES:
            response.set_cookie(LANGUAGE, g.language, max_age=YEAR, httponly=True, samesite="Lax")
        return response

    def _failed(self, error: SignInFailed) -> tuple[str, int]:
        log.warning("%r", str(error))
        text = self._words()
        page = self._page(
            "trouble",
            f"trouble_{error.reason}",
            text=text[f"trouble_{error.reason}_text"],
            signed_in=self._visit().citizen is not None,
        )
        return page, 503 if error.reason in ("busy", "unreachable") else 400

    def _lost(self, error: HTTPException) -> tuple[str, int]:
        text = self._words()["trouble_lost_text"]
        page = self._page("trouble", "trouble_lost", text=text, signed_in=False)
        return page, error.code or 500

    def _away(self, *, again: str | None) -> Answer:
        pending, there = self.provider.begin(g.language, again=again)
        self._visit().began(pending)
        return redirect(there, 303)

    def _visit(self) -> Visit:
        if g.visit is None:
            g.visit = (
                self.visits.find(request.cookies.get(self.service.visit_cookie))
                or self.visits.open()
            )
        visit: Visit = g.visit
        return visit

    def _words(self) -> Any:
        return words(g.language, self.service.key)

    def _own_origin(self) -> str:
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"

    def _page(self, template: str, title: str, **values: Any) -> str:
        here = request.method == "GET" and request.endpoint in ("start", "file", "signed_out")
        return render_template(
            f"{template}.html",
            say=self._words(),
            title=self._words()[title],
            name=self.service.names[g.language],
            language=g.language,
            languages=LANGUAGES,
            path=request.path if here else "/",
            **values,
        )


def _clock(seconds: int) -> dict[str, str]:
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return {"iso": moment.isoformat(), "text": f"{moment:%H:%M:%S} UTC"}


def _rows(claims: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, _shown(claims[name])) for name in sorted(claims) if name not in HIDDEN]


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return str(value.get("formatted") or ", ".join(str(part) for part in value.values()))
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)
    return str(value)
