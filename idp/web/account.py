"""The citizen's page: what they sign in with, what happened with it, and the way in.

It only shows. Changes are in ``account_changes``; a phone on its way in, and a new one-time
password, have pages of their own.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from idp.login import own
from idp.web import account_sessions
from idp.web.answers import see_other
from idp.web.i18n import moment
from idp.web.login import LANGUAGE_LASTS
from mobile_flow import moves
from mobile_flow.login_names import spell_login_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from werkzeug.wrappers import Request, Response

    from idp.login.flow import LoginFlow
    from idp.login.openings import Openings
    from idp.oidc.ciba.user_codes import UserCodes
    from idp.store.ports import Ledger
    from idp.web.answers import Answers
    from idp.web.browser import Browser
    from idp.web.citizens import Citizen, Citizens
    from idp.web.cookies import Cookies
    from idp.web.i18n import Texts
    from idp.web.pages import Pages
    from mobile_flow.enrolment import Enrolments
    from mobile_flow.model import Device
    from mobile_flow.otp import OneTimePasswords

NOTE: Final = "account"
"""Where the trouble of a post on this page is noted; no login has such a name."""
FREEZES: Final = ("mobile", "push", "otp")
_NEW: Final = timedelta(days=7)
_RECENT: Final = 10


class AccountPage:
    """GET of the page, and of the way in."""

    def __init__(  # noqa: PLR0913 - what the page shows, the way in, and the page's parts
        self,
        flow: LoginFlow,
        enrolments: Enrolments,
        otp: OneTimePasswords | None,
        *,
        issuer: str,
        codes: UserCodes,
        citizens: Citizens,
        ledger: Ledger,
        openings: Openings,
        answers: Answers,
        pages: Pages,
        names: Cookies,
        texts: Texts,
        now: Callable[[], datetime],
    ) -> None:
        self._flow = flow
        self._enrolments = enrolments
        self._otp = otp
        self._issuer = issuer
        self._codes = codes
        self._citizens = citizens
        self._ledger = ledger
        self._openings = openings
        self._answers = answers
        self._pages = pages
        self._names = names
        self._texts = texts
        self._now = now

    def get(self, request: Request, browser: Browser) -> Response:
        """Show it. ``?lang=`` keeps a language; what a cancelled login adds is dropped."""
        if request.query_string:
            response = see_other(own.PATH)
            chosen = request.args.get("lang", "")
            if chosen in self._texts.languages:
                self._names.set(response, self._names.language, chosen, lasts=LANGUAGE_LASTS)
            return response
        citizen = self._citizens.at(browser)
        if citizen is None:
            return self._pages.show("account_out", language=browser.language, switch=True)
        note = browser.note(NOTE)
        response = self._pages.show(
            "account",
            language=browser.language,
            switch=True,
            form_token=self._citizens.form_token(browser),
            trouble=note,
            mine=self._shown(citizen, browser.language),
        )
        if note is not None:
            self._names.clear(response, self._names.note)
        return response

    def login(self, request: Request, browser: Browser) -> Response:
        """Open a login that ends at the page; with ``?for=changes``, one by card alone."""
        self._openings.admit(request.remote_addr)
        wanted = own.CARD if request.args.get("for") == "changes" else own.PAGE
        asked = own.request(wanted, issuer=self._issuer)
        turn = self._flow.open(asked, browser.visitor(), cookies_seen=True)
        return self._answers.after_post(turn, browser)

    def _shown(self, citizen: Citizen, language: str) -> Mapping[str, object]:
        now = self._now()
        devices = self._enrolments.devices(citizen.ref)
        otp = None if self._otp is None else self._otp.standing(citizen.ref)
        code = self._codes.standing(citizen.person.id)
        with self._ledger.read() as unit:
            past = unit.phones.past_approvals(citizen.ref, at=now, limit=_RECENT)
            open_ = self._citizens.sessions(unit, citizen)
            where = account_sessions.shown(unit, open_, here=citizen.session, language=language)
            frozen = {kind: unit.phones.frozen_until(citizen.ref, kind=kind) for kind in FREEZES}
        notices: list[tuple[str, dict[str, str]]] = [
            ("new_phone", {"name": one.name, "when": moment(one.enrolled_at, language)})
            for one in devices
            if now < one.enrolled_at + _NEW
        ]
        notices += [
            ("copied", {"name": one.name, "when": moment(one.suspected_at, language)})
            for one in devices
            if one.suspected_at is not None
        ]
        notices += [
            (kind, {"when": moment(until, language)})
            for kind, until in frozen.items()
            if until is not None and now < until
        ]
        return {
            "person_name": citizen.name,
            "sessions": where,
            "card": citizen.card is not None,
            "notices": notices,
            "phones": self._phones(devices, language),
            "otp": self._otp is not None,
            "otp_since": None if otp is None else moment(otp.confirmed_at or now, language),
            "otp_name": "" if otp is None else spell_login_name(otp.login_name),
            "code_since": None if code is None else moment(code, language),
            "recent": [
                {
                    "verb": one.shown.verb.value,
                    "client": one.shown.client_name,
                    "state": moves.settled(one, now).state.value,
                    "when": moment(one.decided_at or one.opened_at, language),
                }
                for one in past
            ],
        }

    def _phones(self, devices: Sequence[Device], language: str) -> list[Mapping[str, object]]:
        now = self._now()
        return [
            {
                "id": one.id,
                "name": one.name,
                "since": moment(one.enrolled_at, language),
                "used": "" if one.used_at is None else moment(one.used_at, language),
                "copied": one.suspected_at is not None,
                "synced": one.credential.backup_eligible,
                "waits": moment(one.high_from, language) if now < one.high_from else "",
            }
            for one in devices
        ]
