"""Who is told that a citizen signed out: for the page, for its frames, and how long we wait.

The frames are those of OpenID Connect Front-Channel Logout 1.0 section 2. What is sent behind the
browser's back is on its way since the commit; a logout waits a moment for its first try, so that
an e-service usually knows before the browser is back there. Few logouts of a process wait at once
and none for long, so a silent e-service costs nobody a thread.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from idp.domain.client import is_open
from idp.store.ports import StoreUnavailable
from idp.web import headers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from idp.domain.client import Client
    from idp.domain.ended import Ended, UsedAt
    from idp.store.ports import Ledger

_WAITS: Final = 1.5
_STEP: Final = 0.04
"""Seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What the page says and holds.

    Attributes:
        told, untold: names of e-services, each in the order of first use.
        frames: addresses to open in frames, each of an origin that a policy can name.
    """

    told: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()

    @property
    def origins(self) -> tuple[str, ...]:
        """Give the origins of the frames, for the page's policy."""
        found = (headers.source(address) for address in self.frames)
        return tuple(dict.fromkeys(one for one in found if one is not None))


NOBODY: Final = Told()


class Telling:
    """Finds out who is told, and waits for it; one for a process, safe in threads."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        issuer: str,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        places: int,
    ) -> None:
        """Take ``places``, how many logouts may wait at once."""
        self._ledger = ledger
        self._issuer = issuer
        self._now = now
        self._monotonic = monotonic
        self._places = threading.BoundedSemaphore(places)
        self._pause = threading.Event().wait

    def of(self, ended: Ended, *, language: str) -> Told:
        """Give who is told of what ended. Raises: StoreUnavailable."""
        told: dict[str, bool] = {}
        frames: list[str] = []
        with self._ledger.read() as unit:
            found = [(used, unit.clients.get(used.client)) for used in ended.used_at]
        for used, client in found:
            if client is None:
                continue
            frame = self._frame(client, used)
            if frame is not None:
                frames.append(frame)
            heard = frame is not None or self._hears(client)
            name = client.display_name(language)
            told[name] = told.get(name, False) or heard
        return Told(
            told=tuple(name for name, heard in told.items() if heard),
            untold=tuple(name for name, heard in told.items() if not heard),
            frames=tuple(frames),
        )

    def wait(self, messages: Sequence[int]) -> None:
        """Wait until each message was tried once, or for a moment, or not at all."""
        if not messages or not self._places.acquire(blocking=False):
            return
        try:
            end = self._monotonic() + _WAITS
            with suppress(StoreUnavailable):
                while self._untried(messages) and self._monotonic() < end:
                    self._pause(_STEP)
        finally:
            self._places.release()

    def _untried(self, messages: Sequence[int]) -> bool:
        with self._ledger.read() as unit:
            return unit.outbox.untried(messages)

    def _hears(self, client: Client) -> bool:
        return client.logout.back is not None and is_open(client, self._now())

    def _frame(self, client: Client, used: UsedAt) -> str | None:
        address = client.logout.front
        if address is None or headers.source(address) is None or not is_open(client, self._now()):
            return None
        joint = "&" if "?" in address else "?"
        return f"{address}{joint}{urlencode({'iss': self._issuer, 'sid': used.sid})}"
