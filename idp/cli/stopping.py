"""Being told to stop: by a signal, or because the parent is gone.

A signal handler may run between any two steps of the main thread, so it takes no lock: it writes to
a pipe, and whoever waits, waits for the pipe.
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


class Stop:
    """Counts the signals that ask this process to stop."""

    def __init__(self) -> None:
        self.times = 0
        self._hear, self._tell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def listen(self) -> None:
        """Hear SIGTERM and SIGINT from now on; in the main thread."""
        for number in _SIGNALS:
            signal.signal(number, self._told)

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


def stop_when_closed(descriptor: int) -> None:
    """Ask this process to stop when the other end of ``descriptor`` closes: its holder is gone."""

    def follow() -> None:
        while os.read(descriptor, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, name="lifeline", daemon=True).start()
