"""Changes at the citizen's page: each is a post with a form token, in a session fresh by card.

What is shown once, a new phone's code and a new one-time password's secret, waits sealed in the
Ephemeral store for ten minutes, so that the page survives a reload and works without scripts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from markupsafe import Markup
from werkzeug.wrappers import Response

from idp.errors import OTP_REFUSED, problem_of_phone
from idp.login import own
from idp.store.shelf import Shelf
from idp.web.account import NOTE
from idp.web.answers import see_other
from idp.web.waits import Wait
from mobile_flow import qr
from mobile_flow.errors import EnrolmentUnknown, OtpUnknown, PhoneError
from mobile_flow.model import DeviceId, EnrolmentId, EnrolmentState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from werkzeug.wrappers import Request

    from idp.store.ports import Vault
    from idp.store.short_lived import Ephemeral
    from idp.web.browser import Browser
    from idp.web.citizens import Citizen, Citizens
    from idp.web.cookies import Cookies
    from idp.web.pages import Pages
    from mobile_flow.enrolment import Enrolments
    from mobile_flow.otp import OneTimePasswords

    Change = Callable[[Citizen, Mapping[str, str]], Response]

PHONE: Final = f"{own.PATH}/phone"
OTP: Final = f"{own.PATH}/otp"
FRESH: Final = f"{own.PATH}/login?for=changes"
_KEPT: Final = timedelta(minutes=14)
_POLL_MS: Final = 1500
_REFRESH_SECONDS: Final = 5
_GOING_ON: Final = frozenset(
    {EnrolmentState.OPEN, EnrolmentState.CLAIMED, EnrolmentState.CONFIRMED}
)
_OVER: Final = "over"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entering:
    """A phone on its way in, as this session opened it."""

    enrolment: str
    code: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Begun:
    """A one-time password that waits for its first code."""

    login_name: str
    uri: str = field(repr=False)
    secret: str = field(repr=False)


class AccountChanges:
    """One method a route."""

    def __init__(  # noqa: PLR0913 - the two things changed, where they wait, and the page's parts
        self,
        enrolments: Enrolments,
        otp: OneTimePasswords | None,
        *,
        issuer: str,
        citizens: Citizens,
        ephemeral: Ephemeral,
        vault: Vault,
        pages: Pages,
        names: Cookies,
        now: Callable[[], datetime],
    ) -> None:
        self._enrolments = enrolments
        self._otp = otp
        self._app = f"{issuer}/phone/"
        self._citizens = citizens
        self._pages = pages
        self._names = names
        self._now = now
        self._entering: Shelf[_Entering] = Shelf(
            ephemeral, vault, "account-phone", _Entering, lasts=_KEPT, now=now
        )
        self._begun: Shelf[_Begun] = Shelf(
            ephemeral, vault, "account-otp", _Begun, lasts=_KEPT, now=now
        )

    # --- phones -----------------------------------------------------------------------------------

    def add(self, request: Request, browser: Browser) -> Response:
        """POST: open an enrolment."""

        def change(citizen: Citizen, fields: Mapping[str, str]) -> Response:
            del fields
            opened = self._enrolments.open(
                citizen.ref, name=citizen.name, card_fingerprint=citizen.card or ""
            )
            kept = _Entering(enrolment=opened.enrolment.id, code=opened.code, text=opened.text)
            self._entering.put(citizen.session.key, kept)
            return see_other(PHONE)

        return self.changed(request, browser, change)

    def phone(self, request: Request, browser: Browser) -> Response:
        """GET: how the phone that this session adds stands."""
        del request
        citizen = self._citizens.at(browser)
        if citizen is None:
            return see_other(own.PATH)
        entering = self._of(citizen)
        state, matching, name = self._standing(citizen, entering)
        shown = state == EnrolmentState.OPEN.value and entering is not None
        return self._pages.show(
            "account_phone",
            language=browser.language,
            form_token=self._citizens.form_token(browser),
            state=state,
            matching=matching,
            device_name=name,
            app=self._app,
            code=qr.spell_code(entering.code) if shown and entering else "",
            picture=Markup(qr.svg(entering.text)) if shown and entering else "",  # noqa: S704 - drawn by the library from a text of ours
            wait=Wait(
                events="",
                status=f"{PHONE}/status",
                known=_status(state),
                poll=_POLL_MS,
                refresh=_REFRESH_SECONDS,
            ),
        )

    def status(self, request: Request, browser: Browser) -> Response:
        """GET: the state alone, for a page that waits."""
        del request
        citizen = self._citizens.at(browser)
        state = _OVER if citizen is None else self._standing(citizen, self._of(citizen))[0]
        response = Response(_status(state), content_type="application/json")
        response.vary.add("Cookie")
        return response

    def confirm(self, request: Request, browser: Browser) -> Response:
        """POST: the word was the same on both screens."""

        def change(citizen: Citizen, fields: Mapping[str, str]) -> Response:
            enrolment = EnrolmentId(self._demand(citizen).enrolment)
            self._enrolments.confirm(
                enrolment, person=citizen.ref, matching=fields.get("matching", "")
            )
            return see_other(PHONE)

        return self.changed(request, browser, change)

    def cancel(self, request: Request, browser: Browser) -> Response:
        """POST: do not add it. A session that is no longer fresh by card may, too."""

        def change(citizen: Citizen, fields: Mapping[str, str]) -> Response:
            del fields
            enrolment = EnrolmentId(self._demand(citizen).enrolment)
            self._enrolments.cancel(enrolment, person=citizen.ref)
            self._entering.take(citizen.session.key)
            return see_other(own.PATH)

        return self.changed(request, browser, change, by_card=False)

    def rename(self, request: Request, browser: Browser) -> Response:
        """POST: another name for a phone."""

        def change(citizen: Citizen, fields: Mapping[str, str]) -> Response:
            device = DeviceId(fields.get("device", ""))
            self._enrolments.rename(citizen.ref, device, name=fields.get("name", ""))
            return see_other(own.PATH)

        return self.changed(request, browser, change)

    def remove(self, request: Request, browser: Browser) -> Response:
        """POST: a phone is removed, at once and for good."""

        def change(citizen: Citizen, fields: Mapping[str, str]) -> Response:
            self._enrolments.remove(citizen.ref, DeviceId(fields.get("device", "")))
            return see_other(own.PATH)

        return self.changed(request, browser, change)

    # --- one-time passwords -----------------------------------------------------------------------

    def begin_otp(self, request: Request, browser: Browser) -> Response:
        """POST: make a secret."""

        def change(citizen: Citizen, fields: Mapping[str, str]) -> Response:
            del fields
            begun = self._passwords().begin(citizen.ref, card_fingerprint=citizen.card or "")
            kept = _Begun(login_name=begun.login_name, uri=begun.uri, secret=begun.secret)
            self._begun.put(citizen.session.key, kept)
            return see_other(OTP)

        return self.changed(request, browser, change)

    def otp(self, request: Request, browser: Browser) -> Response:
        """GET: the secret to scan, until its first code came; only in a session fresh by card."""
        del request
        citizen = self._citizens.at(browser)
        held = None if citizen is None else self._begun.get(citizen.session.key)
        if citizen is None or citizen.card is None or held is None:
            return see_other(own.PATH)
        begun, note = held.value, browser.note(NOTE)
        response = self._pages.show(
            "account_otp",
            language=browser.language,
            form_token=self._citizens.form_token(browser),
            trouble=note,
            picture=Markup(qr.svg(begun.uri)),  # noqa: S704 - drawn by the library from a text of ours
            secret=_spaced(begun.secret),
            login_name=begun.login_name,
        )
        if note is not None:
            self._names.clear(response, self._names.note)
        return response

    def confirm_otp(self, request: Request, browser: Browser) -> Response:
        """POST: the first code."""

        def change(citizen: Citizen, fields: Mapping[str, str]) -> Response:
            self._passwords().confirm(citizen.ref, fields.get("code", ""))
            self._begun.take(citizen.session.key)
            return see_other(own.PATH)

        return self.changed(request, browser, change)

    def remove_otp(self, request: Request, browser: Browser) -> Response:
        """POST: the secret is removed."""

        def change(citizen: Citizen, fields: Mapping[str, str]) -> Response:
            del fields
            self._passwords().remove(citizen.ref)
            return see_other(own.PATH)

        return self.changed(request, browser, change)

    # --- what all of them have in common ----------------------------------------------------------

    def changed(
        self, request: Request, browser: Browser, change: Change, *, by_card: bool = True
    ) -> Response:
        """Read a form of ours, make the change, and go on by GET; a refusal is noted there.

        Raises:
            Refused: malformed, or FORM_FORGED.
        """
        citizen, fields = self._citizens.posted(request, browser)
        if citizen is None:
            return see_other(own.PATH)
        if by_card and citizen.card is None:
            return see_other(FRESH)
        try:
            return change(citizen, fields)
        except PhoneError as error:
            problem = problem_of_phone(error)
            response = see_other(OTP if problem is OTP_REFUSED else own.PATH)
            self._names.set(response, self._names.note, f"{NOTE}.{problem.code}")
            return response

    def _passwords(self) -> OneTimePasswords:
        if self._otp is None:
            raise OtpUnknown("one-time passwords are not offered")
        return self._otp

    def _of(self, citizen: Citizen) -> _Entering | None:
        held = self._entering.get(citizen.session.key)
        return None if held is None else held.value

    def _demand(self, citizen: Citizen) -> _Entering:
        entering = self._of(citizen)
        if entering is None:
            raise EnrolmentUnknown("none that this session opened")
        return entering

    def _standing(self, citizen: Citizen, entering: _Entering | None) -> tuple[str, str, str]:
        """Give state, word and phone's name; ``over`` where nothing goes on and nothing is done."""
        if entering is None:
            return _OVER, "", ""
        try:
            found = self._enrolments.look(EnrolmentId(entering.enrolment), person=citizen.ref)
        except PhoneError:
            return _OVER, "", ""
        state = found.state.value
        ended = found.state in _GOING_ON and found.expires_at <= self._now()
        if ended or found.state is EnrolmentState.CANCELLED:
            state = _OVER
        return state, found.matching or "", found.device_name or ""


def _status(state: str) -> str:
    return json.dumps({"state": state})


def _spaced(secret: str) -> str:
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
