"""An attendant over a store in memory, guests that write down what they are told, and time in hand.

``Elsewhere`` does work at once, or keeps it until the test lets it go, as slow stores do.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from idp.domain.event import MethodName
from idp.domain.request import AuthorizationRequest, ResponseMode
from idp.login.transactions import Transactions, channel, fingerprint
from idp.login.turn import Visitor
from idp.store.memory import MemoryEphemeral
from idp.store.ports import StoreUnavailable
from idp.waiting.attendant import Attendant
from idp.waiting.looking import Looking
from tests.contract.store.stand_ins import Clock, TestVault

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.domain.transaction import Transaction
    from idp.waiting.looking import Mark

MINUTE = timedelta(minutes=1)
COOKIE = "the-browser"
READY, CHANGED, END = "ready", "changed", "end"


class StrawGuest:
    """A browser that writes down what it is told."""

    def __init__(self, login: str) -> None:
        self.login = login
        self.mark: Mark = None
        self.ends = 0.0
        self.hinted = False
        self.slot = 0
        self.told: list[str] = []
        self.status: int | None = None
        self.closed = False

    def admit(self) -> None:
        self.status = 200

    def refuse(self, status: int) -> None:
        self.status = int(status)
        self.closed = True

    def say(self, event: bytes) -> None:
        for line in event.decode().split("\n"):
            kind, _, word = line.partition(": ")
            if kind == "event":
                self.told.append(word)
            elif kind == "retry":
                self.told.append(line)

    def end(self, event: bytes) -> None:
        self.say(event)
        self.closed = True

    def news(self) -> list[str]:
        """What it was told since it was last asked, but for signs of life."""
        told, self.told = [word for word in self.told if word != "ping"], []
        return told


class Elsewhere:
    """What runs work: at once, or when it is let go."""

    def __init__(self) -> None:
        self.hold = False
        self.down = False
        self.batches = 0
        self._kept: list[Callable[[], None]] = []

    def __call__(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        self.batches += 1
        if self.hold:
            self._kept.append(lambda: self._do(work, done))
        else:
            self._do(work, done)

    def _do(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        found = None
        if not self.down:
            try:
                found = work()
            except StoreUnavailable:
                found = None
        done(found)

    def let_go(self) -> None:
        self.hold = False
        while self._kept:
            self._kept.pop(0)()


class Straw:
    """One waiting room, and the logins that browsers wait for."""

    def __init__(self, also: Any = ()) -> None:
        self.clock = Clock()
        self.ephemeral = MemoryEphemeral(now=self.clock, entropy=secrets.token_bytes)
        self.transactions = Transactions(
            self.ephemeral,
            TestVault(),
            life=30 * MINUTE,
            now=self.clock,
            entropy=secrets.token_bytes,
        )
        self.elsewhere = Elsewhere()
        self.attendant = Attendant(
            Looking(self.transactions, now=self.clock, also=also),
            run=self.elsewhere,
            now=self.clock,
            entropy=secrets.token_bytes,
        )

    def login(self, cookie: str = COOKIE) -> Transaction:
        request = AuthorizationRequest(
            client_id="shop",  # type: ignore[arg-type]
            redirect_uri="https://shop.example/cb",
            response_mode=ResponseMode.QUERY,
            scopes=("openid",),
        )
        made = self.transactions.begin(request, binding=fingerprint(cookie), language="en")
        return self.transactions.keep(replace(made, method=MethodName.MOBILE))

    def move(self, login: str, **changes: Any) -> None:
        """Store the next state of a login, as a phone's answer does."""
        visitor = Visitor(binding=COOKIE, session=None)
        held = self.transactions.own(login, visitor)
        self.transactions.move(held, replace(held.tx, **changes))

    def guest(self, login: str, cookie: str | None = COOKIE) -> StrawGuest:
        guest = StrawGuest(login)
        self.attendant.enter(guest, cookie)
        return guest

    def hint(self, login: str) -> None:
        self.attendant.heard([channel(login)])
