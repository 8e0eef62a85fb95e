"""The steps of a login by phone, passkey or code: beside ``login``, one method a route."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from markupsafe import Markup
from werkzeug.wrappers import Response

from idp import log
from idp.domain.event import MethodName
from idp.errors import NOT_FOUND, Refused, problem_of_phone
from idp.login import mobile, totp
from mobile_flow import qr
from mobile_flow.errors import PhoneError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from werkzeug.wrappers import Request

    from idp.login.flow import LoginFlow, Visitor
    from idp.login.mobile import MobileMethod
    from idp.login.transactions import Held
    from idp.web.answers import Answers
    from idp.web.browser import Browser

    Form = Callable[[Request, Browser, str], tuple[Held, Visitor, Mapping[str, str]]]

_MILLISECOND: Final = 1000


class PhoneLoginPages:
    """One method a route; ``form`` reads a form of the login's own pages."""

    def __init__(
        self,
        flow: LoginFlow,
        *,
        phone: MobileMethod | None,
        form: Form,
        answers: Answers,
        now: Callable[[], datetime],
    ) -> None:
        self._flow = flow
        self._phone = phone
        self._form = form
        self._answers = answers
        self._now = now

    def frames(self, request: Request, browser: Browser, login: str) -> Response:
        """GET: the pictures to draw next, for the browser that opened the login.

        ``in_ms`` and ``for_ms`` are counted from now: no clock of the browser is asked.
        """
        del request
        log.transaction_id.set(login)
        if self._phone is None:
            raise Refused(NOT_FOUND, "no phones here")
        tx = self._flow.shown(login, browser.visitor(), MethodName.MOBILE)
        try:
            frames = self._phone.frames(tx)
        except PhoneError as error:
            raise Refused(problem_of_phone(error), error.code) from error
        now = self._now()
        body = {
            "state": mobile.SHOWING if frames.state is None else frames.state.value,
            "frames": [
                {
                    "text": one.text,
                    "in_ms": max(0, _milliseconds(now, one.valid_from)),
                    "for_ms": _milliseconds(max(now, one.valid_from), one.valid_until),
                }
                for one in frames.frames
            ],
            "next_ms": round(frames.poll.total_seconds() * _MILLISECOND),
        }
        response = Response(json.dumps(body), content_type="application/json")
        response.vary.add("Cookie")
        return response

    def mobile(self, request: Request, browser: Browser, login: str) -> Response:
        """POST: show a new code, of the kind that was asked."""
        held, visitor, fields = self._form(request, browser, login)
        turn = self._flow.choose(held, visitor, MethodName.MOBILE, how=fields.get("how", ""))
        return self._answers.after_post(turn, browser)

    def passkey(self, request: Request, browser: Browser, login: str) -> Response:
        """POST: what the browser's passkey signed."""
        held, visitor, fields = self._form(request, browser, login)
        answer = fields.get("assertion", "")
        turn = self._flow.prove(held, visitor, MethodName.PASSKEY, answer)
        return self._answers.after_post(turn, browser)

    def totp(self, request: Request, browser: Browser, login: str) -> Response:
        """POST: a login name and a code."""
        held, visitor, fields = self._form(request, browser, login)
        answer = totp.written(fields.get("login_name", ""), fields.get("code", ""))
        turn = self._flow.prove(held, visitor, MethodName.TOTP, answer)
        return self._answers.after_post(turn, browser)


def drawn(shown: Mapping[str, object]) -> Mapping[str, object]:
    """Give what a page shows of a means, with the code that stands still drawn."""
    phone = shown.get("phone")
    if not isinstance(phone, dict) or not phone["text"]:
        return shown
    picture = Markup(qr.svg(str(phone["text"])))  # noqa: S704 - of a library, from a text of ours
    return {**shown, "phone": {**phone, "picture": picture}}


def _milliseconds(since: datetime, until: datetime) -> int:
    return round((until - since).total_seconds() * _MILLISECOND)
