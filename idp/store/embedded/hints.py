"""Hints between the processes of one machine: every listener has a named pipe beside the store.

A pipe holds some hundred hints for a listener that is busy, where a datagram socket of a common
Linux holds ten. A teller writes without waiting, and to nobody if there is no pipe. A pipe whose
listener died is taken away by the teller who finds it so.
"""

from __future__ import annotations

import errno
import os
import select
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from idp.store.ports import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MODE: Final = 0o600
_NAME_BYTES: Final = 8
_AT_ONCE: Final = 64 * 1024


class Pipes:
    """The pipes of one store, which is the file ``path``."""

    def __init__(self, path: Path, *, entropy: Callable[[int], bytes]) -> None:
        self._folder = path.absolute().parent
        self._prefix = f"{path.name}-hints-"
        self._entropy = entropy

    def tell(self, channel: str) -> None:
        """Write ``channel`` to every pipe that has room; whatever goes wrong is a lost hint."""
        line = channel.encode("ascii") + b"\n"
        with suppress(OSError):
            for name in os.listdir(self._folder):  # noqa: PTH208 - half the time of a Path's
                if name.startswith(self._prefix):
                    _write(self._folder / name, line)

    def listen(self) -> PipeHints:
        """Give a listener with a pipe of its own."""
        name = self._entropy(_NAME_BYTES).hex()
        return PipeHints(
            self._folder / f"{self._prefix}{name}", made_at=self._folder / f".{self._prefix}{name}"
        )


class PipeHints:
    """``Hints`` through a named pipe."""

    def __init__(self, path: Path, *, made_at: Path) -> None:
        """Take where the pipe stands, and where it is made: nobody may meet it half made."""
        self._path = path
        self._made_at = made_at
        self._pipe: int | None = None

    def wait(self, seconds: float) -> tuple[str, ...] | None:
        """Give everything that stands in the pipe."""
        try:
            if self._pipe is None:
                self._open()
                return None
            if not _readable(self._pipe, seconds):
                if not self._stands():
                    self.close()
                return ()
            text = os.read(self._pipe, _AT_ONCE)
        except OSError as error:
            self.close()
            raise StoreUnavailable(f"the pipe of hints: {error.strerror}") from None
        return tuple(text.decode("ascii", "replace").split())

    def close(self) -> None:
        """Take the pipe away; the next ``wait`` makes another."""
        if self._pipe is not None:
            with suppress(OSError):
                self._path.unlink()
            os.close(self._pipe)
            self._pipe = None

    def _open(self) -> None:
        with suppress(OSError):
            self._made_at.unlink()
        os.mkfifo(self._made_at, _MODE)
        # Open for writing too, so that it never ends when a teller closes it.
        self._pipe = os.open(self._made_at, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._made_at.rename(self._path)

    def _stands(self) -> bool:
        """Tell whether tellers still find this very pipe: somebody may have cleared the folder."""
        assert self._pipe is not None
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._pipe))
        except FileNotFoundError:
            return False


def _readable(pipe: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _write(path: Path, line: bytes) -> None:
    try:
        pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENXIO:  # its listener is dead, and its name is nobody else's
            with suppress(OSError):
                path.unlink()
        return
    try:
        with suppress(OSError):
            os.write(pipe, line)
    finally:
        os.close(pipe)
