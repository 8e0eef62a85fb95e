"""The page that e-services put in a frame to ask whether the session changed, and what it reads.

It shows nothing, says one of three words about a cookie of ours, and may therefore be framed by
anybody (Session Management 1.0 section 3.2). Only where the setting says so: the cookie must be
readable for scripts and sent in frames of other sites, which fewer and fewer browsers do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from werkzeug.wrappers import Response

from idp.oidc.session_management import browser_state, session_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Request

    from idp.domain.answer import Answer
    from idp.store.ports import Vault
    from idp.web.browser import Browser
    from idp.web.cookies import Cookies
    from idp.web.files import StaticFiles

_PAGE: Final = """<!doctype html>
<html lang="en" data-cookie="{cookie}">
<head><meta charset="utf-8"><title>Session</title><script src="{script}" defer></script></head>
</html>
"""
_HEADERS: Final = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; base-uri 'none'; frame-ancestors *",
    ),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
)


class CheckSession:
    """The frame, and the ``session_state`` of answers."""

    def __init__(
        self,
        *,
        names: Cookies,
        vault: Vault,
        files: StaticFiles,
        entropy: Callable[[int], bytes],
    ) -> None:
        self._names = names
        self._vault = vault
        self._entropy = entropy
        self._page = _PAGE.format(cookie=names.state, script=files.address("check.js")).encode()

    def get(self, request: Request, browser: Browser) -> Response:
        """Give the page, which is the same for everybody."""
        del request, browser
        return Response(self._page, headers=list(_HEADERS))

    def stated(self, answer: Answer, response_session: str | None) -> tuple[Answer, str | None]:
        """Add ``session_state`` to an answer that succeeded; give the browser's word, too.

        ``response_session`` is the session cookie that the browser has once it got the answer.
        """
        if response_session is None or not answer.succeeded:
            return answer, None
        state = browser_state(response_session, vault=self._vault)
        value = session_state(
            client_id=answer.client,
            redirect_uri=answer.redirect_uri,
            state=state,
            entropy=self._entropy,
        )
        if value is None:
            return answer, state
        parameters = (*answer.parameters, ("session_state", value))
        return replace(answer, parameters=parameters), state
