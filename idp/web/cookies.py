"""Our cookies: their names, their attributes, and a reading that is not fooled by a second one.

A page on a sibling host or an older path can plant a cookie of the same name. Two values under one
name therefore count as none: the person starts again instead of continuing as somebody else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from idp.oidc.session_management import SIGNED_OUT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from werkzeug.wrappers import Request, Response

_VALUE: Final = re.compile(r"[A-Za-z0-9_.~:@/+-]{1,300}", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cookies:
    """The names in this deployment (RFC 6265bis 4.1.3.2 prefixes where the issuer is https).

    Attributes:
        session: who is signed in.
        browser: the random word that logins of this browser are bound to.
        language: the language chosen by a link: ``fr`` or, for one login, ``fr.<login>``.
        service: the ``client_id`` that sent this browser last; for the way back on error pages.
        note: ``<login>.<catalogue code>`` to be shown once, after a redirect.
        state: a word for the session that frames of other sites may read; ``None`` without it.
        secure: whether cookies travel by https only.
    """

    session: str
    browser: str
    language: str
    service: str
    note: str
    secure: bool
    state: str | None = None

    @classmethod
    def of(cls, issuer: str, *, state: bool = False) -> Cookies:
        """Give the names for an issuer; a loopback issuer over http cannot have the prefix.

        ``state``: with session management.
        """
        secure = urlsplit(issuer).scheme == "https"
        prefix = "__Host-sesame_" if secure else "sesame_"
        return cls(
            session=f"{prefix}session",
            browser=f"{prefix}browser",
            language=f"{prefix}language",
            service=f"{prefix}service",
            note=f"{prefix}note",
            secure=secure,
            state=f"{prefix}state" if state else None,
        )

    def set(
        self, response: Response, name: str, value: str, *, lasts: timedelta | None = None
    ) -> None:
        """Set one of ours: host only, not for scripts, not on cross-site posts or frames.

        Raises:
            ValueError: a value that would not be read back (``parsed``): a mistake of ours.
        """
        if _VALUE.fullmatch(value) is None:
            raise ValueError("no value for a cookie of ours")
        age = "" if lasts is None else f"; Max-Age={int(lasts.total_seconds())}"
        secure = "; Secure" if self.secure else ""
        text = f"{name}={value}{age}{secure}; HttpOnly; Path=/; SameSite=Lax"
        response.headers.add("Set-Cookie", text)

    def set_state(self, response: Response, word: str) -> None:
        """Set the one cookie that scripts and frames of other sites read, where there is one."""
        if self.state is None:
            return
        response.set_cookie(
            self.state,
            word,
            path="/",
            secure=self.secure,
            httponly=False,
            samesite="None" if self.secure else "Lax",
        )

    def clear_session(self, response: Response) -> None:
        """Take the session's cookie away, and say so to those who may ask."""
        self.clear(response, self.session)
        self.set_state(response, SIGNED_OUT)

    def clear(self, response: Response, name: str) -> None:
        """Take one of ours away."""
        response.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="Lax")


def sent(request: Request) -> Mapping[str, str]:
    """Give the cookies that were sent.

    The header is read once; whoever asks for several cookies asks this mapping.
    """
    return parsed(request.headers.get("Cookie", ""))


def parsed(header: str) -> Mapping[str, str]:
    """Read the header: without malformed cookies, or names with two different values."""
    found: dict[str, str] = {}
    doubtful = set()
    for part in header.split(";"):
        named, separator, said = part.partition("=")
        name, value = named.strip(), said.strip()
        if separator and found.setdefault(name, value) != value:
            doubtful.add(name)
    return {
        name: value
        for name, value in found.items()
        if name not in doubtful and _VALUE.fullmatch(value)
    }
