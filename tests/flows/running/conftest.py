"""Real processes of a deployment: started, asked, told to stop, and ended whatever the test did."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from tests.unit.cli.deployed import Deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_T = TypeVar("_T")
ROOT = Path(__file__).parent.parent.parent.parent
HTTP_OK = 200
BOUND = 90.0
"""Seconds after which a thing that is waited for will not happen any more."""


def until(happened: Callable[[], _T | None]) -> _T:
    """Give the first answer that is true."""
    ends = time.monotonic() + BOUND
    while time.monotonic() < ends:
        answer = happened()
        if answer:
            return answer
        time.sleep(0.02)
    raise TimeoutError(happened.__qualname__)


class Running:
    """A process of a deployment, in a session of its own, its log in a file."""

    def __init__(self, deployment: Deployment, *arguments: str) -> None:
        self.deployment = deployment
        self.log_file = deployment.folder / "log"
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                env={**deployment.environment, "TINY_FOLDER": str(deployment.folder)},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")

    def ask(self, path: str = "/", *, health: bool = False) -> tuple[int, bytes] | None:
        """Give status and body; ``None`` when nobody answers."""
        port = self.deployment.health_port if health else self.deployment.port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=BOUND)
        with contextlib.closing(connection):
            try:
                connection.request("GET", path, headers={"Host": f"localhost:{port}"})
                answer = connection.getresponse()
                return answer.status, answer.read()
            except (OSError, http.client.HTTPException):
                return None

    def ready(self) -> bool:
        """Say whether health and workers both answer well."""
        health, answer = self.ask("/ready", health=True), self.ask()
        return None not in (health, answer) and health[0] == 200 == answer[0]  # type: ignore[index]

    def started(self) -> Running:
        """Wait until it serves; a process that ended instead shows its log."""

        def serving() -> bool:
            assert self.process.poll() is None, self.log
            return self.ready()

        try:
            until(serving)
        except TimeoutError:
            pytest.fail(self.log)
        return self

    def worker(self) -> int:
        """Give the process number of the worker that answers.

        A connection that waited at a worker when it was killed goes down with it: ask again.
        """
        return until(self._answering)

    def replaced(self, dead: int) -> bool:
        """Say whether all is well and another worker than the dead one answers."""
        answering = self._answering()
        return answering not in (None, dead) and self.ready()

    def _answering(self) -> int | None:
        answer = self.ask()
        return int(answer[1].split()[0]) if answer is not None and answer[0] == HTTP_OK else None

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ended(self) -> int:
        """Wait for its end and give its exit code."""
        return self.process.wait(BOUND)

    def clear(self) -> None:
        """End it, and who shares its group; its workers follow it by themselves."""
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A deployment that was set up, with two workers."""
    for name in [name for name in os.environ if name.startswith("SESAME_")]:
        monkeypatch.delenv(name)
    made = Deployment(folder=tmp_path, variables={"SESAME_LISTEN__WORKERS": "2"})
    result = made.run("setup")
    assert result.exit_code == 0, result.output
    return made


@pytest.fixture
def start(deployment: Deployment) -> Iterator[Callable[..., Running]]:
    """Start a process of the deployment by the interpreter's arguments."""
    running: list[Running] = []

    def starting(*arguments: str) -> Running:
        running.append(Running(deployment, *arguments))
        return running[-1]

    yield starting
    for one in running:
        one.clear()


@pytest.fixture
def tiny(deployment: Deployment, start: Callable[..., Running]) -> Callable[[], Running]:
    """Start ``serve`` around the tiny application and wait until both workers serve."""

    def starting() -> Running:
        program = "tests.flows.running.program"
        running = start("-m", program, str(deployment.config)).started()
        until(lambda: running.log.count("worker.started") == 2)
        return running

    return starting
