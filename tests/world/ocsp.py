"""The demo country's responder on loopback: OCSP, CRL and CA certificates over plain HTTP.

Run: ``python -m tests.world.ocsp --folder <country> --port 8405``; SIGTERM or Ctrl-C stops it.
What another process revokes in the folder is answered at the next question.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import signal
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.serialization import Encoding

from cardreader.sim.pki import HONEST, Country, OcspLies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

LARGEST_REQUEST: Final = 64 * 1024
LONGEST_SILENCE: Final = 30  # seconds


class Desk:
    """What the handler answers from; a test may change ``lies`` or ``down`` while it runs."""

    def __init__(self, country: Country, now: Callable[[], dt.datetime]) -> None:
        self.country = country
        self.now = now
        self.lies: OcspLies = HONEST
        self.down = False
        self.held: threading.Event | None = None  # a black hole, until it is set
        self.asked: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    timeout = 10

    def __init__(self, desk: Desk, *arguments: object) -> None:
        self._desk = desk
        super().__init__(*arguments)  # type: ignore[arg-type] # what the server hands over

    def do_POST(self) -> None:
        """Answer an OCSP request to /ocsp/<ca>."""
        size = int(self.headers.get("Content-Length") or 0)
        if not self.path.startswith("/ocsp/") or not 0 < size <= LARGEST_REQUEST:
            self.send_error(404)
            return
        body = self.rfile.read(size)
        if self._stopped():
            return
        desk = self._desk
        answer = desk.country.ocsp_answer(body, at=desk.now(), lies=desk.lies)
        self._answer("application/ocsp-response", answer)

    def do_GET(self) -> None:
        """Answer /crl/<ca> and /crt/<ca>."""
        if self._stopped():
            return
        desk = self._desk
        kind, _, label = self.path.removeprefix("/").partition("/")
        labels = [row.label for row in desk.country.declaration.cas]
        roots = [row.label for row in desk.country.declaration.roots]
        if kind == "crl" and label in labels + roots:
            self._answer("application/pkix-crl", desk.country.crl(label, at=desk.now()))
        elif kind == "crt" and label in labels + roots:
            certificate = desk.country.certificate(label)
            self._answer("application/pkix-cert", certificate.public_bytes(Encoding.DER))
        else:
            self.send_error(404)

    def _stopped(self) -> bool:
        self._desk.asked.append(self.path)
        if self._desk.held is not None:
            self._desk.held.wait(LONGEST_SILENCE)
        if self._desk.down:
            self.send_error(503)
        return self._desk.down

    def _answer(self, media_type: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: the demo's own log is on the provider's side."""


def make_server(desk: Desk, port: int) -> ThreadingHTTPServer:
    """Listen on 127.0.0.1; port 0 takes a free one (``server.server_port``)."""
    server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Handler, desk))
    server.daemon_threads = True
    return server


@contextlib.contextmanager
def serving(desk: Desk, *, port: int = 0) -> Iterator[str]:
    """Serve in a thread for the length of the block; gives the base URL."""
    server = make_server(desk, port)
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.02))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def main(arguments: list[str] | None = None) -> None:
    """Serve a country's folder until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=8405)
    options = parser.parse_args(arguments)
    desk = Desk(Country.read(options.folder), lambda: dt.datetime.now(dt.UTC))
    server = make_server(desk, options.port)

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        threading.Thread(target=server.shutdown).start()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)
    print(f"OCSP and CRL at http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()


if __name__ == "__main__":
    main()
