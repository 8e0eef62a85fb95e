"""Plans run as the suite's API wants it: made, each module started once, its end awaited."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conformance.suite import Plan, Suite, SuiteFailed, plans, table
from tests.services.running_server import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAN = Plan(short="config", name="a-plan", variant={"server_metadata": "discovery"})
MODULES = {"one": "PASSED", "two": "FAILED", "three": "WARNING"}


class Pretender(BaseHTTPRequestHandler):
    """Three modules; each is configured first, runs once it is started, and ends later."""

    asked: list[tuple[str, str, dict[str, list[str]], object]]
    states: dict[str, list[str]]

    def do_POST(self) -> None:
        path, query = self._read()
        if path == "/api/plan":
            modules = [{"testModule": name, "variant": {"of": name}} for name in MODULES]
            self._answer(201, {"id": "p1", "modules": modules})
        elif path == "/api/runner":
            name = query["test"][0]
            self.states[name] = ["CREATED", "CONFIGURED", "CONFIGURED"]
            self._answer(201, {"id": name})
        elif path.startswith("/api/runner/"):
            self.states[path.rpartition("/")[2]] = ["RUNNING", "WAITING", "FINISHED"]
            self._answer(200, {})
        else:
            self._answer(404, {"error": "no such thing"})

    def do_GET(self) -> None:
        path, _ = self._read()
        name = path.rpartition("/")[2]
        states = self.states[name]
        state = states.pop(0) if len(states) > 1 else states[0]
        self._answer(200, {"status": state, "result": MODULES[name]})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""

    def _read(self) -> tuple[str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = parse_qs(parts.query)
        self.asked.append((self.command, parts.path, query, json.loads(body) if body else None))
        return parts.path, query

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def pretender() -> Iterator[type[Pretender]]:
    kind = type("Fresh", (Pretender,), {"asked": [], "states": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    kind.port = server.server_port  # type: ignore[attr-defined]
    with running_server(server):
        yield kind


def suite(pretender: type[Pretender], **more: int) -> Suite:
    url = f"http://127.0.0.1:{pretender.port}"  # type: ignore[attr-defined]
    return Suite(url=url, pause=lambda _: None, **more)  # type: ignore[arg-type]


def test_every_module_of_a_plan_is_started_once_and_its_verdict_told(
    pretender: type[Pretender],
) -> None:
    found = list(suite(pretender).run(PLAN, {"alias": "sesame"}))
    assert {one.module: one.result for one in found} == MODULES
    method, path, query, body = pretender.asked[0]
    assert (method, path, body) == ("POST", "/api/plan", {"alias": "sesame"})
    assert json.loads(query["variant"][0]) == {"server_metadata": "discovery"}
    starts = [path for _, path, _, _ in pretender.asked if path.startswith("/api/runner/")]
    assert starts == [f"/api/runner/{name}" for name in MODULES]
    of_modules = [query for _, path, query, _ in pretender.asked if path == "/api/runner"]
    assert [json.loads(query["variant"][0]) for query in of_modules] == [
        {"of": name} for name in MODULES
    ]


def test_a_module_that_never_ends_is_left_and_told(pretender: type[Pretender]) -> None:
    found = list(suite(pretender, patience=2).run(PLAN, {}))
    assert {one.result for one in found} == {"UNFINISHED"}


def test_a_refusal_of_the_suite_is_told_in_its_words(pretender: type[Pretender]) -> None:
    away = Suite(url=f"{suite(pretender).url}/elsewhere", pause=lambda _: None)
    with pytest.raises(SuiteFailed, match=r"404 .*no such thing"):
        list(away.run(PLAN, {}))


def test_the_table_counts_what_stands_in_the_way(pretender: type[Pretender]) -> None:
    text = table(list(suite(pretender).run(PLAN, {})))
    assert "| config | 3 | 1 | 1 FAILED, 1 PASSED, 1 WARNING |" in text
    assert "| config | [two](" in text


def test_plans_are_named_by_their_short_names_in_their_order() -> None:
    every = plans()
    assert [plan.short for plan in every][:2] == ["config", "basic"]
    assert len({plan.short for plan in every}) == len(every)
    assert [plan.short for plan in plans(frozenset({"fapi2", "config"}))] == ["config", "fapi2"]
    with pytest.raises(SuiteFailed, match="no such plan: gold; there are config"):
        plans(frozenset({"gold"}))
