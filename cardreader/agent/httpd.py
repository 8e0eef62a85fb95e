"""The sockets of the loopback agent: strict small requests in, whole answers out, no log of them.

One thread a request, at most thirty-two; each connection carries one request and is closed.
"""

from __future__ import annotations

import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from cardreader.agent.web import LARGEST_BODY, Request, Response, plain

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

ADDRESS: Final = "127.0.0.1"
_SECONDS: Final = 10
_MOST_THREADS: Final = 32


class AgentServer(ThreadingHTTPServer):
    """Serves one `Agent` on 127.0.0.1; use as a context manager, `serve_forever` runs it."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int) -> None:
        """Listen on a port, 0 for a free one; set ``answer`` before serving.

        Raises:
            OSError: the port is taken.
        """
        self.answer: Callable[[Request], Response] = _not_ready
        self._places = threading.BoundedSemaphore(_MOST_THREADS)
        super().__init__((ADDRESS, port), _Handler)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self.server_address[1])

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401 - as socketserver types it
        """Turn away whoever is not on this machine, whatever address was listened on."""
        del request
        try:
            return ip_address(client_address[0]).is_loopback
        except ValueError:
            return False

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as socketserver types it
        """Give the connection a thread, or close it where none is free."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as socketserver types it
        """Handle the connection and give the place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as socketserver types it
        """Say nothing: a traceback could show a request, and a request could hold a PIN."""


class _Handler(BaseHTTPRequestHandler):
    server: AgentServer
    timeout = _SECONDS
    protocol_version = "HTTP/1.1"
    request: socket.socket

    def version_string(self) -> str:
        return "sesame-agent"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Log nothing: addresses hold one-time links."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what the library cannot read, without echoing any of it."""
        del message, explain
        self._send(plain(code, "Refused.\n"))

    def do_GET(self) -> None:
        """Handle GET."""
        self._handle()

    def do_POST(self) -> None:
        """Handle POST."""
        self._handle()

    def do_DELETE(self) -> None:
        """Handle DELETE."""
        self._handle()

    def do_OPTIONS(self) -> None:
        """Handle OPTIONS."""
        self._handle()

    def _handle(self) -> None:
        request = self._read()
        if isinstance(request, Response):
            self._send(request)
            return
        try:
            response = self.server.answer(request)
        except Exception:  # noqa: BLE001 - the last wall: no traceback may carry a request out
            response = plain(500, "The agent failed.\n")
        self._send(response)

    def _read(self) -> Request | Response:
        names = Counter(name.lower() for name in self.headers)
        if any(names[name] > 1 for name in ("host", "origin", "content-length", "content-type")):
            return plain(400, "Refused.\n")
        if "transfer-encoding" in names:
            return plain(411, "Refused.\n")
        length = self.headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or len(length) > len(str(LARGEST_BODY)):
            return plain(413, "Refused.\n")
        if int(length) > LARGEST_BODY:
            return plain(413, "Refused.\n")
        if not self.path.startswith("/"):
            return plain(400, "Refused.\n")
        # A second slash at the start would read as a host.
        target = urlsplit("/" + self.path.lstrip("/"))
        return Request(
            method=self.command,
            path=target.path,
            query=target.query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(length)),
        )

    def _send(self, response: Response) -> None:
        self.close_connection = True
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(response.body)
        if response.after is not None:
            response.after()


def _not_ready(request: Request) -> Response:
    del request
    return plain(503, "Not ready.\n")
