"""How a login stands, for those who wait for it: read in the store, which alone is true.

A *mark* is compared, never interpreted: it is another one after every stored change that the status
page would tell. Marks of many logins are read at once and nothing is opened for them; a login whose
mark changed is then looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from idp.domain.transaction import OVER, Transaction
from idp.errors import Refused
from idp.login.turn import Visitor

if TYPE_CHECKING:
    from datetime import datetime

    from idp.login.transactions import Transactions
    from idp.store.ports import Ledger

Mark = tuple[object, ...] | None
"""``None``: there is no such login any more."""
Marks = Callable[[Sequence[str]], Sequence[object]]
"""Gives, for the identifiers of some logins, something of each that changes when it changes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A login as it stands.

    Attributes:
        over: nothing will change any more.
        ends: when it expires, as seconds of the epoch.
    """

    mark: Mark
    over: bool
    ends: float


GONE = Seen(mark=None, over=True, ends=0.0)

_BORN_MEANWHILE: Final = ("",)


def approvals(ledger: Ledger) -> Marks:
    """Give what tells of each login whether a phone claimed it, decided, or came too late."""

    def marks(logins: Sequence[str]) -> Sequence[object]:
        with ledger.read() as unit:
            return unit.phones.approval_marks(logins)

    return marks


class Looking:
    """Looks at logins; every verb may wait for a store."""

    def __init__(
        self, transactions: Transactions, *, now: Callable[[], datetime], also: Sequence[Marks] = ()
    ) -> None:
        """Take, with ``also``, what else changes what a status page tells: a phone's approval."""
        self._transactions = transactions
        self._now = now
        self._also = also

    def enter(self, asking: Sequence[tuple[str, str | None]]) -> list[Seen | Refused]:
        """Look for browsers that come, each with an identifier and its cookie.

        ``Refused`` where it is no login of that browser, or the store does not answer.
        """
        return [self._enter(login, cookie) for login, cookie in asking]

    def look(self, logins: Sequence[str]) -> list[Seen]:
        """Look at logins of browsers that have entered. Raises: StoreUnavailable."""
        # The marks first: a change meanwhile is then one more change, not one unseen.
        marks = self.marks(logins)
        found = [self._transactions.watched(login) for login in logins]
        return [
            GONE if tx is None or mark is None else self._seen(tx, mark)
            for tx, mark in zip(found, marks, strict=True)
        ]

    def marks(self, logins: Sequence[str]) -> list[Mark]:
        """Give the mark of each. Raises: StoreUnavailable."""
        versions = self._transactions.versions(logins)
        others = [marks(logins) for marks in self._also]
        return [
            None if version is None else (version, *more)
            for version, *more in zip(versions, *others, strict=True)
        ]

    def _enter(self, login: str, cookie: str | None) -> Seen | Refused:
        visitor = Visitor(binding=cookie, session=None)
        try:
            [mark] = self.marks([login])
            tx = self._transactions.own(login, visitor).tx
        except Refused as error:
            return error
        return self._seen(tx, mark or _BORN_MEANWHILE)

    def _seen(self, tx: Transaction, mark: Mark) -> Seen:
        ends = tx.expires_at.timestamp()
        over = tx.step in OVER or self._now().timestamp() >= ends
        return Seen(mark=mark, over=over, ends=ends)
