"""Browsers that somebody logged in with before: a browser that is new to its person is slower.

Of the browser only the hash of its cookie is kept, and of the pair only until when it counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, select

from idp.store.sql import phone_tables
from idp.store.sql.moments import micros
from idp.store.sql.phone_rows import Rows
from idp.store.sql.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Table

    from mobile_flow.model import PersonRef

_T: Final = phone_tables.known_browsers
_PAIR: Final = (_T.c.person == bindparam("who"), _T.c.browser == bindparam("which"))


def _know(new: Callable[[Table], Any]) -> Any:  # noqa: ANN401 - the dialect's own insert
    statement = new(_T)
    return statement.on_conflict_do_update(
        index_elements=[_T.c.person, _T.c.browser], set_={"until": statement.excluded.until}
    )


_KNOW: Final = Statement(_know)
_KNOWN: Final = Statement(select(_T.c.until).where(*_PAIR, _T.c.until > bindparam("at")))
_FORGET: Final = Statement(delete(_T).where(*_PAIR))


class KnownBrowserRows(Rows):
    """The verbs of ``PhoneRows`` about browsers."""

    __slots__ = ()

    def know_browser(self, person: PersonRef, browser: str, *, until: datetime) -> None:
        """Insert or prolong."""
        self._link.run(_KNOW, {"person": person, "browser": browser, "until": micros(until)})

    def knows_browser(self, person: PersonRef, browser: str, *, at: datetime) -> bool:
        """Look whether there is one that still counts."""
        values = {"who": person, "which": browser, "at": micros(at)}
        return self._link.one(_KNOWN, values) is not None

    def forget_browser(self, person: PersonRef, browser: str) -> None:
        """Delete."""
        self._link.run(_FORGET, {"who": person, "which": browser})
