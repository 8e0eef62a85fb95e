"""Loopback servers for tests with a real browser: the application, and a card agent of straw."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *said: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(application: Any, port: int) -> Iterator[str]:
    """Serve a WSGI application; give its origin."""
    server = make_server(
        "127.0.0.1", port, application, server_class=_Threaded, handler_class=_Quiet
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Straw:
    """What the agent of straw answers, and what it was asked.

    Attributes:
        status: answer to GET /status: status and body, as JSON or as it is.
        opened: answer to POST /authenticate: status and body.
        progress: answers to the polls, the last one repeated; None for a line that breaks.
    """

    origin: str = ""
    status: tuple[int, Any] = (200, {"version": "2.0.0+straw"})
    opened: tuple[int, Any] = (201, None)
    progress: list[Any] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)


@contextmanager
def straw_agent() -> Iterator[Straw]:
    """Serve an agent that behaves as told."""
    straw = Straw()

    class Handler(BaseHTTPRequestHandler):
        def do_OPTIONS(self) -> None:
            self._answer(204, None)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            straw.asked.append(json.loads(body))
            status, answer = straw.opened
            pin = f"{straw.origin}/pin/once"
            opened = {"requestId": "r1", "pinUrl": pin, "pollAfterMs": 200}
            self._answer(status, answer or opened)

        def do_GET(self) -> None:
            if self.path.startswith("/pin/"):
                self._answer(200, {"page": "pin"})
                return
            if self.path == "/status":
                self._answer(*straw.status)
                return
            first = straw.progress.pop(0) if len(straw.progress) > 1 else straw.progress[0]
            if first is None:
                self.close_connection = True
                return
            self._answer(*(first if isinstance(first, tuple) else (200, first)))

        def _answer(self, status: int, body: Any) -> None:
            text = body if isinstance(body, bytes) else json.dumps(body).encode()
            text = b"" if body is None else text
            self.send_response(status)
            self.send_header("Access-Control-Allow-Origin", self.headers.get("Origin", "null"))
            self.send_header("Access-Control-Allow-Headers", "Content-Type")
            self.send_header("Access-Control-Allow-Methods", "GET, POST")
            self.send_header("Access-Control-Allow-Private-Network", "true")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *said: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    straw.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield straw
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
