"""Serve as a process: it drains, replaces workers, turns red, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.flows.running.conftest import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.running.conftest import Running
    from tests.unit.cli.deployed import Deployment


class Asking(threading.Thread):
    """A request that is answered when the file ``go`` appears."""

    def __init__(self, running: Running) -> None:
        super().__init__(daemon=True)
        self.running = running
        self.folder = running.deployment.folder
        self.answer: tuple[int, bytes] | None = None
        self.start()
        until((self.folder / "begun").exists)

    def run(self) -> None:
        self.answer = self.running.ask("/wait")

    def let_go(self) -> tuple[int, bytes] | None:
        (self.folder / "go").touch()
        self.join(60)
        return self.answer


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_request_in_flight_is_answered_before_the_end(
    deployment: Deployment, tiny: Callable[[], Running], how: signal.Signals
) -> None:
    deployment.variables["SESAME_DEADLINES__DRAIN"] = "PT60S"  # a busy machine looks late
    running = tiny()
    asking = Asking(running)
    running.signal(how)
    until(lambda: running.ask() is None)
    health = running.ask("/ready", health=True)
    assert health == (503, b'{"ready": false, "failing": {"serve": "draining"}}')
    answer = asking.let_go()
    assert answer is not None
    assert answer[0] == 200
    assert running.ended() == 0
    assert "Traceback" not in running.log
    assert running.ask(health=True) is None


def test_a_request_that_never_ends_does_not_hold_the_end(
    deployment: Deployment, tiny: Callable[[], Running]
) -> None:
    deployment.variables["SESAME_DEADLINES__DRAIN"] = "PT1S"
    running = tiny()
    asking = Asking(running)
    running.signal(signal.SIGTERM)
    assert running.ended() == 0
    assert asking.let_go() is None


def test_a_worker_that_is_killed_is_replaced_while_the_other_serves(
    tiny: Callable[[], Running],
) -> None:
    running = tiny()
    first = running.worker()
    os.kill(first, signal.SIGKILL)
    until(lambda: running.replaced(first))
    until(lambda: running.log.count("worker.started") == 3)
    running.signal(signal.SIGTERM)
    assert running.ended() == 0


def test_workers_that_are_killed_in_a_row_are_all_replaced(tiny: Callable[[], Running]) -> None:
    running = tiny()
    for _ in range(5):
        worker = running.worker()
        os.kill(worker, signal.SIGKILL)
        until(lambda dead=worker: running.replaced(dead))  # type: ignore[misc]
    assert running.process.poll() is None


def test_workers_drain_when_their_parent_is_killed(tiny: Callable[[], Running]) -> None:
    running = tiny()
    asking = Asking(running)
    running.signal(signal.SIGKILL)
    running.ended()
    answer = asking.let_go()
    assert answer is not None
    assert answer[0] == 200
    until(lambda: running.ask() is None)


def test_ready_turns_red_while_the_ledger_takes_no_write_and_green_again(
    deployment: Deployment, tiny: Callable[[], Running]
) -> None:
    running = tiny()
    with closing(sqlite3.connect(deployment.ledger, isolation_level=None)) as stuck:
        stuck.execute("BEGIN IMMEDIATE")
        status, body = until(
            lambda: (answer := running.ask("/ready", health=True)) and answer[0] == 503 and answer
        )
        assert (status, b'"ledger"' in body) == (503, True)
        assert running.ask("/live", health=True) == (200, b'{"live": true}')
        stuck.execute("ROLLBACK")
    until(running.ready)


def test_an_application_that_cannot_start_is_tried_again_without_a_traceback(
    deployment: Deployment, tiny: Callable[[], Running]
) -> None:
    running = tiny()
    kek = deployment.kek.read_bytes()
    deployment.config.rename(deployment.folder / "away")
    for _ in range(2):
        until(lambda: running.ask() is not None)
        os.kill(running.worker(), signal.SIGKILL)
        until(lambda: "worker.refused" in running.log)
    (deployment.folder / "away").rename(deployment.config)
    until(running.ready)
    assert "Traceback" not in running.log
    assert deployment.kek.read_bytes() == kek


def test_the_environment_cannot_pass_for_a_header(
    deployment: Deployment, tiny: Callable[[], Running]
) -> None:
    deployment.variables["HTTP_PROXY"] = "http://evil.example"
    answer = tiny().ask()
    assert answer is not None
    assert b"evil" not in answer[1]


def test_ctrl_c_on_the_whole_group_leaves_no_traceback(tiny: Callable[[], Running]) -> None:
    running = tiny()
    os.killpg(running.process.pid, signal.SIGINT)
    assert running.ended() == 0
    assert "Traceback" not in running.log
    assert "Unexpected exit" not in running.log


def test_ctrl_c_while_starting_leaves_no_traceback(
    deployment: Deployment, start: Callable[..., Running]
) -> None:
    running = start("-m", "tests.flows.running.program", str(deployment.config))
    until(lambda: "serve.started" in running.log)
    os.killpg(running.process.pid, signal.SIGINT)
    running.ended()
    assert "Traceback" not in running.log
