"""Live and ready, for the machine's own eyes: a listener on loopback and nowhere else.

Live means that the process answers, whatever it depends on: a dead database must not make a loop of
restarts. Ready means that a login could be completed now: keys sign, the Ledger takes a write, the
Ephemeral store answers, the clock is the database's.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from idp import log
from idp.cli.ports import LOOPBACK
from idp.errors import Refused
from keys.errors import KeysError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from idp.foundation import Foundation

    Checks = Mapping[str, Callable[[], None]]

CLOCKS_APART: Final = timedelta(seconds=5)
_REMEMBERED: Final = 0.5
"""Seconds that a verdict is given again, so that many who ask cost one look."""


class NotReady(Exception):
    """A part does not do its work; the text says what is wrong, for the machine's operator."""


def checks(foundation: Foundation) -> Checks:
    """Give the parts without which no login ends well, each with a call that raises."""
    ring, ledger, now = foundation.ring, foundation.ledger, foundation.now

    def signing() -> None:
        for algorithm in foundation.settings.keys.algorithms:
            ring.signer(algorithm)

    def ledger_writable() -> None:
        with ledger.begin() as unit:
            unit.leases.take("ready", holder="ready", at=now(), lasts=timedelta(0))

    def ephemeral() -> None:
        foundation.ephemeral.generation()

    def clock() -> None:
        apart = abs(now() - ledger.database_time())
        if apart > CLOCKS_APART:
            raise NotReady(f"{apart.total_seconds():.0f} s from the database's clock")

    return {"keys": signing, "ledger": ledger_writable, "ephemeral": ephemeral, "clock": clock}


class Readiness:
    """The verdict: what fails now, by the name of the part."""

    def __init__(
        self,
        parts: Checks,
        *,
        draining: Callable[[], bool],
        monotonic: Callable[[], float],
        role: str = "serve",
    ) -> None:
        self._role = role
        self._parts = parts
        self._draining = draining
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failing: dict[str, str] = {}
        self._until: float | None = None

    def failing(self) -> dict[str, str]:
        """Look at every part, or give what was seen a moment ago; empty when ready."""
        if self._draining():
            return {self._role: "draining"}
        with self._lock:
            if self._until is None or self._monotonic() >= self._until:
                found = {name: said for name, part in self._parts.items() if (said := _ask(part))}
                if found.keys() != self._failing.keys():
                    said = ", ".join(sorted(found)) or "ready"
                    log.write("serve.readiness", detail=said, role=self._role)
                self._failing = found
                self._until = self._monotonic() + _REMEMBERED
            return self._failing


def _ask(part: Callable[[], None]) -> str | None:
    try:
        part()
    except Refused as error:
        return error.detail or error.problem.code
    except (NotReady, KeysError) as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, this part does not do its work
        log.fault("serve.readiness_fault", error)
        return "a fault of ours, see the log"
    return None


@contextmanager
def answering(port: int, readiness: Readiness) -> Iterator[None]:
    """Answer ``/live`` and ``/ready`` on a loopback ``port`` while the block runs.

    Raises:
        OSError: the port is taken.
    """

    class Handler(_Handler):
        hosts = frozenset({f"{name}:{port}" for name in (LOOPBACK, "localhost")})
        verdict = staticmethod(readiness.failing)

    with ThreadingHTTPServer((LOOPBACK, port), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    """One small answer; a page in somebody's browser gets none, whatever name it reaches us by."""

    timeout = 5
    hosts: frozenset[str]
    verdict: Callable[[], dict[str, str]]

    def do_GET(self) -> None:
        """Answer ``/live`` or ``/ready``."""
        if self.headers.get_all("Host", []) not in [[host] for host in self.hosts]:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
        elif self.path == "/live":
            self._answer(HTTPStatus.OK, {"live": True})
        elif self.path == "/ready":
            failing = type(self).verdict()
            status = HTTPStatus.SERVICE_UNAVAILABLE if failing else HTTPStatus.OK
            self._answer(status, {"ready": not failing, "failing": failing})
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    do_HEAD = do_GET  # noqa: N815 - idem

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse without a page and without repeating what was asked."""
        del message, explain
        self.close_connection = True
        self._answer(HTTPStatus(code), {"error": HTTPStatus(code).phrase})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - its signature
        """Write nothing: somebody asks every few seconds."""

    def _answer(self, status: HTTPStatus, content: dict[str, object]) -> None:
        body = json.dumps(content).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
