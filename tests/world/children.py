"""Child processes that are started together, watched, and stopped without leaving anyone behind.

Each is the head of a process group of its own, so that Ctrl-C in a terminal reaches only the
parent, which then ends them in order; and each is bound to its parent (see ``bound``).
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROOT = Path(__file__).parents[2]
BOUND = Path(__file__).with_name("bound.py")
LAST_LINES = 12
PAUSE = 0.05


class ChildFailed(Exception):
    """A child ended or did not answer; the message is for a person, with its last words."""


@dataclass(kw_only=True, slots=True)
class Child:
    """One running program.

    Attributes:
        ready: the addresses that all answer (with 200) when it is ready.
    """

    name: str
    ready: tuple[str, ...]
    log: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    def last_words(self) -> str:
        """The end of what it wrote."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-LAST_LINES:])

    def answers(self) -> bool:
        """Whether it is ready now."""
        return all(_answers(url) for url in self.ready)


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=2)
    try:
        line.request("GET", parts.path or "/")
        return line.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    ready: str | tuple[str, ...],
    log: Path,
    environ: Mapping[str, str],
) -> Child:
    """Start a program; its output is added to a file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", BOUND, str(os.getpid()), *command],
            cwd=ROOT,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    addresses = (ready,) if isinstance(ready, str) else ready
    return Child(name=name, ready=addresses, log=log, process=process)


def wait_until_ready(children: Iterable[Child], *, seconds: float = 60) -> None:
    """Wait until each answers.

    Raises:
        ChildFailed: one ended, or the time is over.
    """
    waiting = list(children)
    until = time.monotonic() + seconds
    while waiting:
        check(waiting)
        waiting = [child for child in waiting if not child.answers()]
        if waiting and time.monotonic() > until:
            names = ", ".join(child.name for child in waiting)
            raise ChildFailed(f"{names}: no answer\n{waiting[0].last_words()}")
        time.sleep(PAUSE)


def check(children: Iterable[Child]) -> None:
    """Go on while all of them run; raises `ChildFailed` about the first that does not."""
    for child in children:
        code = child.process.poll()
        if code is not None:
            raise ChildFailed(f"{child.name} ended (code {code})\n{child.last_words()}")


def kill(child: Child) -> None:
    """End it and whatever it started as a power cut does: all at once, no one told."""
    doomed = [child.process.pid, *descendants(child.process.pid)]
    for pid in doomed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    child.process.wait()
    wait_until_gone(doomed)


def wait_until_gone(pids: Iterable[int], *, seconds: float = 30) -> None:
    """Wait until none of them runs; raises `ChildFailed` when the time is over."""
    until = time.monotonic() + seconds
    while left := [pid for pid in pids if _parent(pid) is not None]:
        if time.monotonic() > until:
            raise ChildFailed(f"still running: {left}")
        time.sleep(PAUSE)


def descendants(head: int) -> list[int]:
    """Every process that this one started, and they, and so on, as they are now."""
    parents = {int(path.name): _parent(int(path.name)) for path in Path("/proc").glob("[0-9]*")}
    found = [head]
    for pid in found:  # it grows while it is walked
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]


def _parent(pid: int) -> int | None:
    """The parent of a process; None where it has ended, though perhaps nobody has asked how."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state == "Z" else int(parent)


def stop(children: Sequence[Child], *, seconds: float = 12) -> None:
    """End them all, first with SIGTERM; who is left after the time is killed, with its children."""
    for child in children:
        if child.process.poll() is None:
            child.process.terminate()
    until = time.monotonic() + seconds
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0, until - time.monotonic()))
        # The group, and not the process alone: nobody whom it started may outlive it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
