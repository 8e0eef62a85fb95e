"""A host that publishes documents over HTTPS on loopback, as the host of an e-service does."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.services.running_server import running_server
from tests.services.tls_front import tls_front

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(kw_only=True, slots=True)
class Published:
    """What it publishes by path, what it was asked, and what a client needs to reach it.

    Attributes:
        place: ``host:port``.
        ca: the file of the authority that its certificate is of.
        redirects: paths that answer 302, and where to.
        types: media types of paths; JSON where a path is not named.
    """

    place: str
    ca: Path
    documents: dict[str, object] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def address(self, path: str) -> str:
        """The whole address of a path."""
        return f"https://{self.place}{path}"


@contextlib.contextmanager
def publishing(folder: Path) -> Iterator[Published]:
    """Publish for the length of the block, under the name ``localhost``."""
    with tls_front(folder, ["localhost"]) as front:
        host = Published(place=f"localhost:{front.port}", ca=front.ca)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(host))
        front.routes["localhost"] = int(server.server_address[1])
        with running_server(server):
            yield host


def _handler(host: Published) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.asked.append((self.path, dict(self.headers)))
            if self.path in host.redirects:
                self.send_response(302)
                self.send_header("Location", host.redirects[self.path])
                self.end_headers()
                return
            if self.path not in host.documents:
                self.send_error(404)
                return
            found = host.documents[self.path]
            body = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Type", host.types.get(self.path, "application/json"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *said: Any) -> None:
            """Say nothing."""

    return Handler
