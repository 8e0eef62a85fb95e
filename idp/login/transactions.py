"""Where logins in progress are kept, and which browser each belongs to.

A record is sealed in the Ephemeral store and moved by compare-and-swap. It stays readable for a
while after its end, so that an expired login can offer to start again. That a login was completed
is not decided here: the Ledger's mark is.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from idp import log
from idp.domain.transaction import OVER, Transaction, TransactionId, awaited
from idp.errors import (
    LOGIN_ELSEWHERE,
    LOGIN_EXPIRED,
    LOGIN_MOVED,
    LOGIN_SPENT,
    LOGIN_UNKNOWN,
    Refused,
)
from idp.login.turn import LoginRefused
from idp.store.ports import StoreUnavailable, VersionConflict
from idp.store.shelf import Shelf, place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from idp.domain.request import AuthorizationRequest
    from idp.login.turn import Visitor
    from idp.store.ports import Vault
    from idp.store.short_lived import Ephemeral

_LOGIN: Final = "login"
_ID_BYTES: Final = 24
_COOKIE_BYTES: Final = 32
_LONGEST_ID: Final = 64
_KEPT: Final = timedelta(hours=1)
"""How long a record can be read after its end."""
_CHAIN: Final = 2
"""How many whole lives a login and those that start it again have together."""
UNCLAIMED: Final = ""
_UNVISITED: Final = timedelta(minutes=5)
"""How long a posted login waits for the browser that was sent to it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A transaction as it was read, with the version to move it from."""

    tx: Transaction
    version: int


Login = str | Held
"""A login by its identifier, or as this very request has read it: nothing is read twice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Browser:
    """The browser of a visitor: the hash of its cookie, and the cookie to set if it is new."""

    binding: str
    new_cookie: str | None


class Transactions:
    """Keeps transactions; every reading verb proves first that the browser is the right one."""

    def __init__(
        self,
        ephemeral: Ephemeral,
        vault: Vault,
        *,
        life: timedelta,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        kept = life + _KEPT
        self._logins: Shelf[Transaction] = Shelf(
            ephemeral, vault, _LOGIN, Transaction, lasts=kept, now=now
        )
        self._ephemeral = ephemeral
        self._joined: Shelf[str] = Shelf(ephemeral, vault, "login-par", str, lasts=kept, now=now)
        self._life = life
        self._now = now
        self._entropy = entropy

    def browser(self, visitor: Visitor) -> Browser:
        """Give the visitor's browser, with a new cookie where it sent none."""
        cookie = visitor.binding
        made = None if cookie else self._word(_COOKIE_BYTES)
        return Browser(binding=fingerprint(made or cookie or ""), new_cookie=made)

    def begin(self, request: AuthorizationRequest, *, binding: str, language: str) -> Transaction:
        """Make a transaction; nothing is kept yet."""
        now = self._now()
        tx = Transaction(
            id=TransactionId(self._word(_ID_BYTES)),
            request=request,
            binding=binding,
            opened_at=now,
            expires_at=now + self._life,
            language=language,
        )
        log.transaction_id.set(tx.id)
        return tx

    def again(self, tx: Transaction, visitor: Visitor) -> Transaction:
        """Begin an expired login anew, as long as its first opening is not too long ago.

        Raises:
            Refused: LOGIN_EXPIRED: what was asked then is over, and the e-service must ask again.
        """
        end = tx.opened_at + _CHAIN * self._life
        if self._now() >= end:
            raise Refused(LOGIN_EXPIRED, "started again for too long")
        made = self.begin(tx.request, binding=tx.binding, language=visitor.language)
        return replace(made, opened_at=tx.opened_at, expires_at=min(made.expires_at, end))

    def keep(self, tx: Transaction) -> Transaction:
        """Store a new transaction; a reload of its pushed request in its browser will find it."""
        unclaimed = tx.binding == UNCLAIMED
        self._logins.put(tx.id, tx, lasts=_UNVISITED if unclaimed else None)
        if tx.request.pushed is not None and not unclaimed:
            self._joined.put(_place(tx.request.pushed, tx.binding), tx.id)
        return tx

    def joined(self, request: AuthorizationRequest, browser: Browser) -> Held | None:
        """Give the open transaction that this browser has for a pushed request, if any."""
        if request.pushed is None or browser.new_cookie is not None:
            return None
        place = self._joined.get(_place(request.pushed, browser.binding))
        held = None if place is None else self._read(place.value)
        if held is None or held.tx.step in OVER or self.expired(held.tx):
            return None
        if held.tx.binding != browser.binding or held.tx.request != request:
            return None
        log.transaction_id.set(held.tx.id)
        return held

    def get(self, login: Login, visitor: Visitor, *, claims: Browser | None = None) -> Held:
        """Give an open transaction of this browser.

        One that came by a cross-site POST belongs to the first browser that visits it, which
        ``claims`` it: whoever could give its link away could as well give the request's own away.

        Raises:
            Refused: unknown, or of another browser.
            LoginRefused: expired, over, or claimed by another request at the same moment.
        """
        held = self._known(login)
        if claims is not None and held.tx.binding == UNCLAIMED:
            held = self.move(held, replace(held.tx, binding=claims.binding))
        else:
            _prove_owner(held.tx, visitor)
        log.transaction_id.set(held.tx.id)
        if held.tx.step in OVER:
            raise LoginRefused(LOGIN_SPENT, f"step is {held.tx.step}", tx=held.tx)
        if self.expired(held.tx):
            raise LoginRefused(LOGIN_EXPIRED, tx=held.tx)
        return held

    def own(self, login: Login, visitor: Visitor) -> Held:
        """Give a transaction of this browser in any state. Raises: Refused."""
        held = self._known(login)
        _prove_owner(held.tx, visitor)
        log.transaction_id.set(held.tx.id)
        return held

    def expired(self, tx: Transaction) -> bool:
        """Tell whether its time is over."""
        return self._now() >= tx.expires_at

    def move(self, held: Held, moved: Transaction) -> Held:
        """Store the next state of a transaction, if nothing moved it meanwhile.

        Raises:
            LoginRefused: LOGIN_MOVED, another tab or request was first.
        """
        tx = replace(moved, version=held.version + 1)
        lasts = tx.expires_at + _KEPT - self._now()
        try:
            self._logins.swap(tx.id, tx, version=held.version, lasts=lasts)
        except VersionConflict:
            raise LoginRefused(LOGIN_MOVED, "moved meanwhile", tx=held.tx) from None
        if awaited(held.tx) or awaited(tx):
            wake(self._ephemeral, tx.id)
        return Held(tx=tx, version=held.version + 1)

    def close(self, held: Held, over: Transaction) -> Transaction:
        """Note that it is over, for a kinder answer to the next visit: the Ledger has decided."""
        try:
            return self.move(held, over).tx
        except (LoginRefused, StoreUnavailable):
            return over

    # --- for the role that holds waiting browsers -------------------------------------------------

    def watched(self, tx_id: str) -> Transaction | None:
        """Read one in any state for a browser that proved before that it is its own."""
        held = self._read(tx_id)
        return None if held is None else held.tx

    def versions(self, tx_ids: Sequence[str]) -> tuple[int | None, ...]:
        """Give the version of each; ``None`` for what is gone. Raises: StoreUnavailable."""
        return self._logins.versions(tx_ids)

    def _known(self, login: Login) -> Held:
        held = login if isinstance(login, Held) else self._read(login)
        if held is None:
            raise Refused(LOGIN_UNKNOWN)
        return held

    def _read(self, tx_id: str) -> Held | None:
        if not 0 < len(tx_id) <= _LONGEST_ID or not tx_id.isascii():
            return None
        found = self._logins.get(tx_id)
        return None if found is None else Held(tx=found.value, version=found.version)

    def _word(self, size: int) -> str:
        return base64.urlsafe_b64encode(self._entropy(size)).rstrip(b"=").decode()


def channel(tx_id: str) -> str:
    """Give the channel that hints of a transaction travel on; it does not tell which one it is."""
    return place(_LOGIN, tx_id)


def wake(ephemeral: Ephemeral, tx_id: str) -> None:
    """Wake the browsers that wait for a transaction, after something about it was stored.

    Call it after the commit, for whatever its status page would now tell differently: a phone that
    claimed, decided or came too late. Lost, it costs the waiting browser at most two seconds.
    """
    ephemeral.hint(channel(tx_id))


def fingerprint(cookie: str) -> str:
    """Give the SHA-256 (hexadecimal) of a cookie's value, all that is ever kept of it."""
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()


def _prove_owner(tx: Transaction, visitor: Visitor) -> None:
    sent = fingerprint(visitor.binding or "")
    if tx.binding == UNCLAIMED or not hmac.compare_digest(tx.binding, sent):
        raise Refused(LOGIN_ELSEWHERE, "the browser cookie is another one, or absent")


def _place(pushed: str, binding: str) -> str:
    return f"{pushed} {binding}"
