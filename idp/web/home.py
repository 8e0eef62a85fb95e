"""The front door: it says what this place is, and lets somebody who is signed in leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.web.answers import see_other
from idp.web.login import LANGUAGE_LASTS

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from idp.web.browser import Browser
    from idp.web.cookies import Cookies
    from idp.web.i18n import Texts
    from idp.web.pages import Pages


class HomePage:
    """GET of the root. ``?lang=`` keeps a language."""

    def __init__(self, pages: Pages, *, names: Cookies, texts: Texts, account: bool) -> None:
        """Take whether there is a page of the citizen to lead to."""
        self._pages = pages
        self._account = account
        self._names = names
        self._texts = texts

    def get(self, request: Request, browser: Browser) -> Response:
        """Show it."""
        if request.query_string:
            response = see_other("/")
            chosen = request.args.get("lang", "")
            if chosen in self._texts.languages:
                self._names.set(response, self._names.language, chosen, lasts=LANGUAGE_LASTS)
            return response
        return self._pages.show(
            "home",
            language=browser.language,
            switch=True,
            signed_in=browser.session is not None,
            account=self._account,
        )
