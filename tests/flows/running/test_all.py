"""The provider itself, every role under one parent."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.flows.running.conftest import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.running.conftest import Running
    from tests.unit.cli.deployed import Deployment

SESAME = ("-P", "-m", "idp")


def lines(running: Running, event: str) -> list[dict[str, Any]]:
    """Give the log's lines of one event; every line is JSON, once all of it is written."""
    found = [json.loads(line) for line in running.log.rpartition("\n")[0].splitlines()]
    return [line for line in found if line["event"] == event]


def pids(running: Running, role: str) -> list[int]:
    return [line["pid"] for line in lines(running, "role.started") if line["role"] == role]


@pytest.mark.parametrize(("role", "how"), [("serve", signal.SIGTERM), ("housekeep", signal.SIGINT)])
def test_every_role_runs_is_started_again_when_killed_and_ends_with_the_parent(
    deployment: Deployment, start: Callable[..., Running], role: str, how: signal.Signals
) -> None:
    running = start(*SESAME, "serve", "--all").started()
    discovery = running.ask("/.well-known/openid-configuration")
    assert discovery is not None
    assert json.loads(discovery[1])["issuer"] == f"http://localhost:{deployment.port}"
    # The first signing key's row is sealed by the housekeeper.
    until(lambda: deployment.sql("SELECT 1 FROM audit WHERE sequence = 1"))
    [first] = until(lambda: pids(running, role))
    os.kill(first, signal.SIGKILL)
    until(lambda: len(pids(running, role)) == 2)
    until(running.ready)
    until(
        lambda: (
            {line["pid"] for line in lines(running, "housekeeper.started")}
            == set(pids(running, "housekeep"))
        )
    )
    assert lines(running, "role.ended")[0]["status"] == -signal.SIGKILL
    running.signal(how)
    assert running.ended() == 0
    assert lines(running, "housekeeper.stopped")
    assert lines(running, "serve.stopped")
    assert "Traceback" not in running.log
    assert running.ask() is None
    assert running.ask(health=True) is None


def test_the_roles_end_when_the_parent_is_killed(start: Callable[..., Running]) -> None:
    running = start(*SESAME, "serve", "--all").started()
    running.signal(signal.SIGKILL)
    running.ended()
    until(lambda: running.ask() is None and running.ask(health=True) is None)
    until(lambda: lines(running, "housekeeper.stopped"))


def test_housekeep_stops_when_told_and_leaves_its_jobs(
    deployment: Deployment, start: Callable[..., Running]
) -> None:
    running = start(*SESAME, "housekeep")
    until(lambda: "housekeeper.started" in running.log)
    until(lambda: deployment.sql("SELECT 1 FROM audit WHERE sequence = 1"))
    running.signal(signal.SIGTERM)
    assert running.ended() == 0
    done = deployment.json("housekeep", "--once")
    assert None not in done.values()


def test_a_second_server_is_refused_and_the_first_goes_on(
    deployment: Deployment, start: Callable[..., Running]
) -> None:
    running = start(*SESAME, "serve").started()
    result = deployment.run("serve")
    assert result.exit_code == 1
    assert str(deployment.port) in result.output
    assert running.ready()
