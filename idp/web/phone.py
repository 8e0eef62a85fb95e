"""The phone's app over HTTP: its files under ``/phone/``, its calls under ``/phone/api/``.

No cookie allows anything here: a call is signed by the phone's own key, so there is nothing to
forge across sites. One is read, to notice that a code is shown by the very browser that the app
runs in. What the calls do is ``mobile_flow.views``; here a request becomes one of them, and its
answer or refusal becomes JSON in the app's language. Every answer carries the next nonce.
"""

from __future__ import annotations

import hashlib
import json
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from werkzeug.wrappers import Response

from idp.errors import (
    CONTENT_TYPE_WRONG,
    INVALID_REQUEST,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    Refused,
    problem_of_phone,
    wait_of_phone,
)
from idp.login.transactions import fingerprint
from idp.store.ports import StoreUnavailable
from idp.web import cookies
from idp.web.errors import RETRIABLE, note_refusal, retry_after
from idp.web.i18n import remaining
from mobile_flow import pwa
from mobile_flow.errors import ApprovalEarly, CallUnknown, DeviceBusy, PhoneError, PhoneFrozen
from mobile_flow.proof import HEADER, NONCE_HEADER
from mobile_flow.views import PREFIX, Call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from werkzeug.wrappers import Request

    from idp.audit.refusals import RefusalCounter
    from idp.web.i18n import Texts
    from mobile_flow.views import PhoneApi

FILES: Final = "/phone/"
_JSON: Final = "application/json"
_UNAUTHORIZED: Final = 401
_ACTIVE: Final = frozenset({pwa.INDEX, "sw.js"})
"""The files that a browser runs in a context of their own: they carry the app's policy."""


class PhonePages:
    """Everything below ``/phone/``."""

    def __init__(
        self,
        api: PhoneApi | None,
        *,
        texts: Texts,
        refusals: RefusalCounter,
        cookie: str,
        now: Callable[[], datetime],
    ) -> None:
        """Take the name of the ``cookie`` by which login pages know a browser."""
        self._api = api
        self._cookie = cookie
        self._texts = texts
        self._refusals = refusals
        self._now = now
        self._files = pwa.files() if api is not None else {}
        self._hashes = {
            name: hashlib.sha256(one.body).hexdigest()[:32] for name, one in self._files.items()
        }

    def answer(self, request: Request) -> Response:
        """Answer a call, or give a file. Raises: Refused, for a file that there is not."""
        if self._api is not None and request.path.startswith(PREFIX):
            request.environ["sesame.route"] = f"{PREFIX}<call>"
            return self._call(self._api, request)
        request.environ["sesame.route"] = f"{FILES}<file>"
        return self._file(request)

    # --- the app's files --------------------------------------------------------------------------

    def _file(self, request: Request) -> Response:
        name = request.path.removeprefix(FILES) or pwa.INDEX
        found = self._files.get(name)
        if found is None or (name == pwa.INDEX and request.path != FILES):
            raise Refused(NOT_FOUND, "no such file of the app")
        if request.method not in {"GET", "HEAD"}:
            raise Refused(METHOD_NOT_ALLOWED, "a file is only read")
        response = Response(found.body, content_type=found.content_type)
        response.set_etag(self._hashes[name])
        response.headers["Cache-Control"] = "no-cache"
        if name in _ACTIVE:
            response.headers["Content-Security-Policy"] = pwa.POLICY
        if name == pwa.INDEX:
            response.headers["Permissions-Policy"] = pwa.PERMISSIONS
            response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
            response.headers["X-Frame-Options"] = "DENY"
        response.make_conditional(request)
        return response

    # --- its calls --------------------------------------------------------------------------------

    def _call(self, api: PhoneApi, request: Request) -> Response:
        try:
            response = _json(api.answer(_read(request, self._cookie)))
        except PhoneError as error:
            response = self._refusal(error, request)
        except Refused as error:
            response = self._told(error, error.problem.code, request)
        # Without one the app asks again: a store that is away has just been told.
        with suppress(StoreUnavailable):
            response.headers[NONCE_HEADER] = api.nonce()
        return response

    def _refusal(self, error: PhoneError, request: Request) -> Response:
        problem = NOT_FOUND if isinstance(error, CallUnknown) else problem_of_phone(error)
        extra: dict[str, object] = {}
        if isinstance(error, DeviceBusy):
            extra["approval"] = error.approval
        if isinstance(error, PhoneFrozen):
            left = (error.until - self._now()).total_seconds()
            extra["frozen_for"] = max(0, round(left))
        if isinstance(error, ApprovalEarly):
            left = (error.ready_at - self._now()).total_seconds()
            extra["read_for"] = max(0, math.ceil(left))
        refused = Refused(problem, error.code, wait=wait_of_phone(error, self._now()))
        return self._told(refused, error.code, request, extra)

    def _told(
        self,
        error: Refused,
        code: str,
        request: Request,
        extra: Mapping[str, object] | None = None,
    ) -> Response:
        note_refusal(error, self._refusals)
        problem = error.problem
        language = self._texts.accepted(request.headers.get("Accept-Language"))
        advice = self._texts.text(language, f"problem.{problem.code}.advice")
        when = ""
        if error.wait is not None and problem.status in RETRIABLE:
            when = self._texts.text(language, "error.when", when=remaining(error.wait, language))
        body = {
            "error": code,
            "title": self._texts.text(language, f"problem.{problem.code}.title"),
            "advice": " ".join(filter(None, (advice, when))),
            **(extra or {}),
        }
        response = _json(body, status=problem.status)
        response.headers["Content-Language"] = language
        if problem.status == _UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = HEADER
        return retry_after(response, error.wait)


def _read(request: Request, cookie: str) -> Call:
    """Take a request as a call. Raises: Refused, for a query or a body that is no JSON."""
    if request.query_string:
        raise Refused(INVALID_REQUEST, "a query at a call of the app")
    body = request.get_data()
    if body and request.mimetype != _JSON:
        raise Refused(CONTENT_TYPE_WRONG, "not JSON")
    browser = cookies.sent(request).get(cookie)
    return Call(
        method=request.method,
        path=request.path,
        proof=request.headers.get(HEADER),
        body=body,
        address=request.remote_addr or "",
        browser="" if browser is None else fingerprint(browser),
    )


def _json(body: Mapping[str, object], *, status: int = 200) -> Response:
    text = json.dumps(body, separators=(",", ":"))
    return Response(text, status=status, content_type=_JSON)
