"""The site of an application that lives in the browser alone: two pages and the library's file."""

from __future__ import annotations

import contextlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tests.services.running_server import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENT: Final = "single-page"
_HERE: Final = Path(__file__).parent
_LIBRARY: Final = (
    _HERE.parents[1] / "npm/node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"
)


class Site(ThreadingHTTPServer):
    """Says to its page whom to trust; ``issuer`` is set once there is one."""

    daemon_threads = True
    issuer = ""

    @property
    def address(self) -> str:
        """The application's origin."""
        return f"http://localhost:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        del format, args

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.endswith(".js"):
            self._send(_LIBRARY.read_bytes(), "text/javascript")
        elif path == "/silent":
            self._send((_HERE / "silent.html").read_bytes(), "text/html; charset=utf-8")
        else:
            page = (_HERE / "application.html").read_text(encoding="utf-8")
            page = page.replace("ISSUER", self.server.issuer).replace("CLIENT", CLIENT)
            self._send(page.encode(), "text/html; charset=utf-8")

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def served() -> Iterator[Site]:
    """Serve it for the length of the block, on a free port."""
    site = Site(("127.0.0.1", 0), _Handler)
    with running_server(site):
        yield site


def registration(address: str, *, refreshing: bool) -> dict[str, object]:
    """Give the client's registration: public, so nothing but PKCE proves it."""
    languages = ("nl", "fr", "de", "en")
    return {
        "client_id": CLIENT,
        "client_name": dict.fromkeys(languages, "Single page"),
        "sector": "single-page.example",
        "redirect_uris": [f"{address}/", f"{address}/silent"],
        "post_logout_redirect_uris": [f"{address}/bye"],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", *(["refresh_token"] if refreshing else [])],
        "scope": "openid profile",
        "purposes": [
            {
                "name": "greeting",
                "reason": dict.fromkeys(languages, "To greet you."),
                "claims": ["name", "given_name", "family_name"],
            }
        ],
    }
