"""Live whatever happens, ready only when a login could be completed; for this machine's eyes."""

from __future__ import annotations

import http.client
import json
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.cli.health import Readiness, answering, checks
from idp.store.ports import StoreUnavailable
from tests.contract.store.stand_ins import START, Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Parts:
    """Parts that work until they are told what to raise."""

    def __init__(self) -> None:
        self.faults: dict[str, Exception] = {}
        self.asked = 0
        self.draining = False
        self.seconds = 0.0

    def readiness(self) -> Readiness:
        return Readiness(
            {"keys": self.part("keys"), "ledger": self.part("ledger")},
            draining=lambda: self.draining,
            monotonic=lambda: self.seconds,
        )

    def part(self, name: str) -> Callable[[], None]:
        def ask() -> None:
            self.asked += 1
            if name in self.faults:
                raise self.faults[name]

        return ask


@contextmanager
def listening(port: int, parts: Parts) -> Iterator[Callable[..., tuple[int, Any]]]:
    def ask(path: str, *, method: str = "GET", host: str | None = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.putrequest(method, path, skip_host=True)
            if host != "":
                connection.putheader("Host", host or f"127.0.0.1:{port}")
            connection.endheaders()
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, json.loads(body) if body else None
        finally:
            connection.close()

    with answering(port, parts.readiness()):
        yield ask


def test_a_dead_store_is_live_and_not_ready_by_name(free_port: int) -> None:
    parts = Parts()
    with listening(free_port, parts) as ask:
        assert ask("/ready") == (200, {"ready": True, "failing": {}})
        parts.faults["ledger"] = StoreUnavailable("sqlite: SQLITE_READONLY")
        parts.seconds += 1
        failing = {"ledger": "sqlite: SQLITE_READONLY"}
        assert ask("/ready") == (503, {"ready": False, "failing": failing})
        assert ask("/live") == (200, {"live": True})
        parts.faults.clear()
        parts.seconds += 1
        assert ask("/ready")[0] == 200


def test_a_drain_is_not_ready_and_live(free_port: int) -> None:
    parts = Parts()
    parts.draining = True
    with listening(free_port, parts) as ask:
        assert ask("/ready") == (503, {"ready": False, "failing": {"serve": "draining"}})
        assert ask("/live")[0] == 200


def test_a_fault_that_nobody_expected_is_told_without_its_text(free_port: int) -> None:
    parts = Parts()
    parts.faults["keys"] = ValueError("secret")
    with listening(free_port, parts) as ask:
        status, content = ask("/ready")
    assert status == 503
    assert "secret" not in str(content)


def test_many_who_ask_cost_one_look(free_port: int) -> None:
    parts = Parts()
    with listening(free_port, parts) as ask:
        for _ in range(5):
            ask("/ready")
    assert parts.asked == 2


@pytest.mark.parametrize("host", ["", "evil.example", "evil.example:8409", "127.0.0.1"])
def test_another_name_gets_no_answer(free_port: int, host: str) -> None:
    with listening(free_port, Parts()) as ask:
        for path in ("/live", "/ready"):
            status, content = ask(path, host=host)
            assert status == 421
            assert content == {"error": "Misdirected Request"}
        assert ask("/live", host=f"localhost:{free_port}")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE", "<script>"])
def test_only_questions_are_answered(free_port: int, method: str) -> None:
    with listening(free_port, Parts()) as ask:
        status, content = ask("/ready", method=method)
    assert status >= 400
    assert "script" not in str(content)


def test_there_are_no_other_pages_and_none_repeats_what_was_asked(free_port: int) -> None:
    with listening(free_port, Parts()) as ask:
        assert ask("/ready?x") == (404, {"error": "Not Found"})
        assert ask("/<script>") == (404, {"error": "Not Found"})
        assert ask("/live", method="HEAD") == (200, None)


class Ledger:
    """A database whose clock stands apart."""

    def __init__(self, clock: Clock) -> None:
        self.database_time = clock


@pytest.mark.parametrize("apart", [-6, -5, 0, 5, 6])
def test_a_clock_may_be_five_seconds_from_the_database_s(apart: int) -> None:
    class Foundation:
        ring = None
        ledger = Ledger(Clock(START))
        now = Clock(START + timedelta(seconds=apart))

    clock = {"clock": checks(Foundation())["clock"]}  # type: ignore[arg-type]
    verdict = Readiness(clock, draining=lambda: False, monotonic=lambda: 0.0).failing()
    assert bool(verdict) == (abs(apart) > 5)
