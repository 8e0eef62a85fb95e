"""One parent, several roles: each a child in a session of its own, started again when it dies.

A child that keeps dying is started later and later. The parent's end, however it comes, closes the
pipe that every child watches. A second signal does not wait for the drain.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from idp import log

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOOK_EVERY: Final = 0.1
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_LIVED: Final = 60.0
"""Seconds after which a death is a new one, not one of a row."""
_AFTER_DRAIN: Final = 5.0


class Child(Protocol):
    """A running role."""

    pid: int

    def poll(self) -> int | None:
        """Give the exit code, ``None`` while it runs."""
        ...

    def terminate(self) -> None:
        """Ask it to stop."""
        ...

    def kill(self) -> None:
        """End it and whatever it started."""
        ...


@dataclass(kw_only=True, slots=True)
class _Post:
    """A role and who fills it."""

    start: Callable[[], Child]
    child: Child | None = None
    since: float = 0.0
    deaths: int = 0
    again_at: float = 0.0


class Roles:
    """Keeps every role filled until told to stop."""

    def __init__(
        self,
        roles: Mapping[str, Callable[[], Child]],
        *,
        monotonic: Callable[[], float],
        wait: Callable[[float], bool],
        pause: Callable[[float], object],
        impatient: Callable[[], bool],
        drain: float,
    ) -> None:
        """Take how to start each role.

        ``wait`` gives ``True`` once asked to stop; ``pause`` only waits; ``impatient`` says that
        somebody asked twice; ``drain`` is how many seconds children get to end by themselves.
        """
        self._posts = {name: _Post(start=start) for name, start in roles.items()}
        self._monotonic = monotonic
        self._wait = wait
        self._pause = pause
        self._impatient = impatient
        self._drain = drain

    def run(self) -> None:
        """Start every role, replace who dies, and end them all."""
        try:
            while True:
                for name, post in self._posts.items():
                    self._look(name, post)
                if self._wait(_LOOK_EVERY):
                    return
        finally:
            self._end()

    def _look(self, name: str, post: _Post) -> None:
        moment = self._monotonic()
        if post.child is not None:
            code = post.child.poll()
            if code is None:
                return
            if moment - post.since >= _LIVED:
                post.deaths = 0
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(post.deaths, 10))
            post.deaths += 1
            post.again_at = moment + pause
            log.write(
                "role.ended",
                level=logging.ERROR,
                role=name,
                pid=post.child.pid,
                status=code,
                attempts=post.deaths,
            )
            post.child = None
        if moment >= post.again_at:
            post.child = post.start()
            post.since = moment
            log.write("role.started", role=name, pid=post.child.pid)

    def _end(self) -> None:
        children = [post.child for post in self._posts.values() if post.child is not None]
        for child in children:
            child.terminate()
        until = self._monotonic() + self._drain + _AFTER_DRAIN
        while any(child.poll() is None for child in children):
            if self._monotonic() >= until or self._impatient():
                for child in children:
                    child.kill()
                return
            self._pause(_LOOK_EVERY)


class Process:
    """A child process that runs one ``sesame`` command."""

    def __init__(self, arguments: list[str]) -> None:
        """Start ``sesame ARGUMENTS --while-open N`` in a session of its own."""
        hear, self._held_open = os.pipe2(os.O_CLOEXEC)
        try:
            # The module search path is the installation's, not the working directory's.
            self._popen = subprocess.Popen(  # noqa: S603 - our own program and arguments
                [sys.executable, "-P", "-m", "idp", *arguments, "--while-open", str(hear)],
                pass_fds=[hear],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        finally:
            os.close(hear)
        self.pid = self._popen.pid

    def poll(self) -> int | None:
        """Give the exit code, ``None`` while it runs."""
        code = self._popen.poll()
        if code is not None and self._held_open >= 0:
            os.close(self._held_open)
            self._held_open = -1
        return code

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._popen.terminate()

    def kill(self) -> None:
        """Send SIGKILL to its session's first group; its workers follow their parent."""
        if self._popen.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._popen.wait()
