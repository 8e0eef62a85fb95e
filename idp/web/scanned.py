"""Where a QR code of a login leads an ordinary camera: to an explanation, and to nothing else.

The text is not read: whatever it says, nothing changes and nothing is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idp.web.answers import see_other

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from idp.web.browser import Browser
    from idp.web.pages import Pages

APP: Final = "/phone/"


class ScannedPage:
    """GET of a code's address, and of the app's as enrolment codes spell it."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def get(self, request: Request, browser: Browser) -> Response:
        """Say to scan it inside the app."""
        del request
        return self._pages.show("scanned", language=browser.language)

    def app(self, request: Request, browser: Browser) -> Response:
        """Go to the app; a browser keeps the fragment, which no server sees."""
        del request, browser
        return see_other(APP)
