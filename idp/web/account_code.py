"""The code that a citizen chooses for e-services that they ring: set, changed, removed.

Beside ``account_changes``: the same posts, in a session fresh by card, answered by the same page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idp.errors import USER_CODE_UNFIT, Refused
from idp.login import own
from idp.web.account import NOTE
from idp.web.answers import see_other

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.wrappers import Request, Response

    from idp.oidc.ciba.user_codes import UserCodes
    from idp.web.browser import Browser
    from idp.web.citizens import Citizen
    from idp.web.cookies import Cookies

    Change = Callable[[Citizen, Mapping[str, str]], Response]
    Changed = Callable[[Request, Browser, Change], Response]

PATH: Final = f"{own.PATH}/code"
_STATE: Final = f"{own.PATH}#usercode"
"""The part of the page that says whether there is a code."""


class AccountCode:
    """One method a route; ``changed`` reads a form of the page, as ``AccountChanges`` does."""

    def __init__(self, codes: UserCodes, *, changed: Changed, names: Cookies) -> None:
        self._codes = codes
        self._changed = changed
        self._names = names

    def choose(self, request: Request, browser: Browser) -> Response:
        """POST: a new code."""

        def change(citizen: Citizen, fields: Mapping[str, str]) -> Response:
            try:
                self._codes.choose(citizen.person.id, fields.get("code", ""))
            except Refused as error:
                if error.problem is not USER_CODE_UNFIT:
                    raise
                response = see_other(own.PATH)
                self._names.set(response, self._names.note, f"{NOTE}.{USER_CODE_UNFIT.code}")
                return response
            return see_other(_STATE)

        return self._changed(request, browser, change)

    def remove(self, request: Request, browser: Browser) -> Response:
        """POST: no code any more."""

        def change(citizen: Citizen, fields: Mapping[str, str]) -> Response:
            del fields
            self._codes.remove(citizen.person.id)
            return see_other(_STATE)

        return self._changed(request, browser, change)
