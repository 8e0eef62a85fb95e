"""What a browser brings to a page: cookies and preferences, as sent and never trusted."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Final

from idp.errors import CATALOGUE
from idp.login.flow import Visitor
from idp.web import agents, cookies

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from idp.errors import Problem
    from idp.web.cookies import Cookies
    from idp.web.i18n import Texts


_HANDHELD: Final = re.compile(r"Android|iPhone|iPad|iPod|Mobile", re.ASCII)
_LONGEST_HEADER: Final = 1000


class Browser:
    """One request, read for the pages.

    The language of a page in a login is the one chosen by a link during it, else the one the login
    was opened in (what the e-service asked, else what the browser prefers).
    """

    def __init__(self, request: Request, names: Cookies, texts: Texts) -> None:
        # Names and values as PEP 3333 writes them: a page looks at many, each once.
        self._sent = request.environ
        self._names = names
        self._texts = texts
        self._cookies = cookies.parsed(self._sent.get("HTTP_COOKIE", ""))
        chosen, _, login = self._cookies.get(names.language, "").partition(".")
        self._chosen = chosen if chosen in texts.languages else None
        self._chosen_in = login

    @property
    def language(self) -> str:
        """The language outside a login: chosen before, else preferred."""
        return self._chosen or self._texts.accepted(self._sent.get("HTTP_ACCEPT_LANGUAGE"))

    def language_in(self, login: str, opened_in: str) -> str:
        """Give the language of a page of one login that was opened in a language."""
        if self._chosen is not None and self._chosen_in == login:
            return self._chosen
        return opened_in if opened_in in self._texts.languages else self.language

    @cached_property
    def handheld(self) -> bool:
        """Whether it says to be a phone's or a tablet's (UA Client Hints 3.3, else ``User-Agent``).

        For the order of what is offered, and to steer away from a code that nobody can scan; never
        for what is proven.
        """
        hint: str | None = self._sent.get("HTTP_SEC_CH_UA_MOBILE")
        if hint in {"?0", "?1"}:
            return hint == "?1"
        agent: str = self._sent.get("HTTP_USER_AGENT", "")[:_LONGEST_HEADER]
        return _HANDHELD.search(agent) is not None

    @property
    def session(self) -> str | None:
        """The session cookie, if there is exactly one."""
        return self._cookies.get(self._names.session)

    @property
    def service(self) -> str | None:
        """The ``client_id`` that sent this browser last, as the cookie claims."""
        return self._cookies.get(self._names.service)

    def visitor(self, ui_locales: tuple[str, ...] = ()) -> Visitor:
        """Give what the login flow wants to know; what the e-service asks is the stronger wish."""
        return Visitor(
            binding=self._cookies.get(self._names.browser),
            session=self.session,
            language=self._texts.choose(ui_locales) or self.language,
            address=self._sent.get("REMOTE_ADDR"),
            where=agents.told(self._sent.get("HTTP_USER_AGENT")),
            handheld=self.handheld,
        )

    def note(self, login: str) -> Problem | None:
        """Give the trouble that the last post to this login met, to be shown once."""
        where, _, code = self._cookies.get(self._names.note, "").partition(".")
        return CATALOGUE.get(code) if where == login else None
