"""Being told to stop: by a signal, or because the parent is gone.

A signal handler may run between any two steps of the main thread, so it takes no lock: it writes to
a pipe, and whoever waits, waits for the pipe. The kernel may give a signal to any thread, and the
main thread, where Python runs its handlers, sleeps on: so somebody wakes it.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_NUDGE: Final = signal.SIGUSR2
"""What wakes the main thread; it means nothing else here."""


class Stop:
    """Counts the signals that ask this process to stop."""

    def __init__(self) -> None:
        self.times = 0
        self._hear, self._tell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def listen(self) -> None:
        """Hear SIGTERM and SIGINT from now on; in the main thread."""
        for number in _SIGNALS:
            signal.signal(number, self._told)
        hear_in_every_thread()

    def wait(self, seconds: float) -> bool:
        """Wait so long, or less; give ``True`` once asked to stop."""
        if self.times == 0:
            select.select([self._hear], [], [], seconds)
        return self.times > 0

    def _told(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.times += 1
        if self.times == 1:
            os.write(self._tell, b".")


def hear_in_every_thread() -> None:
    """Wake the main thread for a signal that another thread was given; call it in the main thread.

    Python's part of a signal that runs in any thread writes the signal's number to a pipe. A thread
    reads it and interrupts whatever lock the main thread sleeps at, so that the handlers run.
    """
    hear, tell = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    signal.signal(_NUDGE, lambda _number, _frame: None)
    main = threading.main_thread().ident

    def follow() -> None:
        while numbers := os.read(hear, 64):
            if main is not None and any(number != _NUDGE for number in numbers):
                signal.pthread_kill(main, _NUDGE)

    threading.Thread(target=follow, name="signals", daemon=True).start()


def stop_when_closed(descriptor: int) -> None:
    """Ask this process to stop when the other end of ``descriptor`` closes: its holder is gone."""

    def follow() -> None:
        while os.read(descriptor, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, name="lifeline", daemon=True).start()
