"""Running the role: one loop, one thread that hears hints, a few that read the stores."""

from __future__ import annotations

import asyncio
import os
import resource
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

from idp import log
from idp.login.transactions import Transactions
from idp.store.ports import StoreUnavailable
from idp.waiting.attendant import TICK_SECONDS, Attendant
from idp.waiting.connection import House
from idp.waiting.looking import Looking

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from idp.foundation import Foundation
    from idp.store.short_lived import Hints
    from idp.waiting.looking import Marks

_Found = TypeVar("_Found")

_READERS: Final = 4
_BACKLOG: Final = 1024
_LISTEN_SECONDS: Final = 1.0
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 2.0
_OTHER_FILES: Final = 64
"""Descriptors that are no browser's: stores, listeners, logs."""


class Hearing:
    """A thread that hears hints and passes them on, as long as the process lives.

    Attributes:
        deaf: why nothing can be heard now, for the eyes of health; empty when all is well.
    """

    def __init__(self, hints: Hints, tell: Callable[[Sequence[str] | None], object]) -> None:
        self._hints = hints
        self._tell = tell
        self._stop = threading.Event()
        self.deaf = "nothing was heard yet"

    def start(self) -> None:
        """Begin to hear."""
        threading.Thread(target=self._run, name="hints", daemon=True).start()

    def stop(self) -> None:
        """Hear nothing more, within a second or so."""
        self._stop.set()

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stop.is_set():
            try:
                heard = self._hints.wait(_LISTEN_SECONDS)
            except StoreUnavailable as error:
                if not self.deaf:
                    log.write("wait.deaf", detail=error.detail)
                self.deaf = error.detail
                self._stop.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            self.deaf, pause = "", _FIRST_PAUSE
            if heard is None or heard:
                # The loop may have ended a moment ago.
                with suppress(RuntimeError):
                    self._tell(heard)
        self._hints.close()


class Serving:
    """The role over a foundation; ``run`` ends when ``stop`` was called.

    Attributes:
        draining: it was told to stop.
        hearing: what hears hints.
    """

    def __init__(self, foundation: Foundation, *, also: Sequence[Marks] = ()) -> None:
        """Take, with ``also``, what else than a stored login a waiting page wants to know of."""
        settings = foundation.settings
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        self._pool = ThreadPoolExecutor(_READERS, thread_name_prefix="looks")
        self._stopping = asyncio.Event()
        self.draining = False
        transactions = Transactions(
            foundation.ephemeral,
            foundation.vault,
            life=settings.lifetimes.transaction,
            now=foundation.now,
            entropy=foundation.entropy,
        )
        self.attendant = Attendant(
            Looking(transactions, now=foundation.now, also=also),
            run=self._elsewhere,
            now=foundation.now,
            entropy=foundation.entropy,
        )
        self.house = House(
            settings,
            self.attendant,
            monotonic=foundation.monotonic,
            most=_affordable(settings.waiting.most),
        )
        self.hearing = Hearing(foundation.ephemeral.listen(), self._heard)

    def run(self, signals: Sequence[int] = ()) -> None:
        """Serve until told to stop, by one of the signals too.

        Raises:
            OSError: the port is taken.
        """
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(signals))

    def stop(self) -> None:
        """Ask for the end, from any thread."""
        self._loop.call_soon_threadsafe(self._stopping.set)

    async def _serve(self, signals: Sequence[int]) -> None:
        for number in signals:
            self._loop.add_signal_handler(number, self._stopping.set)
        waiting = self._settings.waiting
        server = await self._loop.create_server(
            self.house.connection, waiting.host, waiting.port, backlog=_BACKLOG
        )
        self.hearing.start()
        ticking = self._loop.create_task(self._tick())
        log.write("wait.started", role="wait", port=waiting.port, pid=os.getpid())
        await self._stopping.wait()
        self.draining = True
        server.close()
        self.house.drain()
        await self._emptied(self._settings.deadlines.drain.total_seconds())
        ticking.cancel()
        self.hearing.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)
        log.write("wait.stopped", role="wait", port=waiting.port, pid=os.getpid())

    async def _tick(self) -> None:
        due = self._loop.time()
        while True:
            self.house.turn()
            due = max(due + TICK_SECONDS, self._loop.time())
            await asyncio.sleep(due - self._loop.time())

    async def _emptied(self, seconds: float) -> None:
        """Wait until the last guest is gone, or so long."""
        ends = self._loop.time() + seconds
        while self.house.places.open and self._loop.time() < ends:  # noqa: ASYNC110 - and no longer
            await asyncio.sleep(TICK_SECONDS)

    def _elsewhere(self, work: Callable[[], _Found], done: Callable[[_Found | None], None]) -> None:
        """Do some work in a thread; what it found comes back in the loop."""

        def do() -> None:
            try:
                found: _Found | None = work()
            except StoreUnavailable:
                found = None
            except Exception as error:  # noqa: BLE001 - one that waits must not end all others
                log.fault("wait.fault", error)
                found = None
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(done, found)

        with suppress(RuntimeError):  # the pool ended with the role
            self._pool.submit(do)

    def _heard(self, channels: Sequence[str] | None) -> None:
        self._loop.call_soon_threadsafe(self.attendant.heard, channels)


def _affordable(wanted: int) -> int:
    """Raise the limit of open files as far as it goes; give how many browsers it leaves room for.

    Raises:
        OSError, ValueError: never for a limit within the hard one.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    need = wanted + _OTHER_FILES
    if soft != unlimited and soft < need:
        soft = need if hard == unlimited else min(need, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft != unlimited and soft < need:
        log.write("wait.limited", count=max(1, soft - _OTHER_FILES), detail="open files")
        return max(1, soft - _OTHER_FILES)
    return wanted
