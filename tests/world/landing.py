"""A public client that only shows what the browser brings back, by GET or POST.

For stories about the answer itself, or about requests that the e-service never makes.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import html
import json
import secrets
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.services.running_server import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

CLIENT = "landing"
NAMES = {"nl": "Landing", "fr": "Piste", "de": "Landebahn", "en": "Landing"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        del format, args

    def do_GET(self) -> None:
        self._show("GET", urlsplit(self.path).query)

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        self._show("POST", self.rfile.read(size).decode())

    def _show(self, method: str, query: str) -> None:
        fields = dict(parse_qsl(query, keep_blank_values=True))
        shown = html.escape(json.dumps(fields))
        body = (
            f'<!doctype html><html lang="en"><title>Back</title><h1>Back</h1>'
            f'<p id="method">{method}</p><pre id="answer">{shown}</pre></html>'
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@dataclass(frozen=True, kw_only=True, slots=True)
class Landing:
    """The client; ``address`` is its origin."""

    address: str

    @property
    def redirect_uri(self) -> str:
        """Where answers come."""
        return f"{self.address}/back"

    def answer(self, page: Page) -> dict[str, str]:
        """What the browser brought back, once it is here."""
        return dict(json.loads(page.locator("#answer").inner_text()))

    def request(self, issuer: str, **more: str) -> Asked:
        """An authorization request and what is needed to finish it."""
        asked = Asked(issuer=issuer, redirect_uri=self.redirect_uri)
        asked.parameters.update(
            client_id=CLIENT,
            redirect_uri=self.redirect_uri,
            response_type="code",
            scope="openid profile",
            state=secrets.token_urlsafe(16),
            nonce=secrets.token_urlsafe(16),
            code_challenge=_challenge(asked.verifier),
            code_challenge_method="S256",
            **more,
        )
        return asked


@dataclass(kw_only=True, slots=True)
class Asked:
    """A request that is under way; ``header`` is its ID token's, once there is one."""

    issuer: str
    redirect_uri: str
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    parameters: dict[str, str] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where to send the browser."""
        return f"{self.issuer}/authorize?{urlencode(self.parameters)}"

    def redeem(self, code: str) -> dict[str, Any]:
        """The claims of the ID token that the code is worth; not verified here."""
        form = {
            "grant_type": "authorization_code",
            "client_id": CLIENT,
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        sent = urllib.request.Request(f"{self.issuer}/token", data=urlencode(form).encode())
        with urllib.request.urlopen(sent) as answer:
            header, claims, _ = json.load(answer)["id_token"].split(".")
        self.header = _read(header)
        return _read(claims)


@contextlib.contextmanager
def served() -> Iterator[Landing]:
    """Serve it for the length of the block, on a free port."""
    server = _Server(("127.0.0.1", 0), _Handler)
    with running_server(server):
        yield Landing(address=f"http://localhost:{server.server_address[1]}")


def landing_client(address: str) -> dict[str, object]:
    """Its registration."""
    return {
        "client_id": CLIENT,
        "client_name": dict(NAMES),
        "sector": "landing.example",
        "redirect_uris": [f"{address}/back"],
        "post_logout_redirect_uris": [f"{address}/bye"],
        "token_endpoint_auth_method": "none",
        "scope": "openid profile",
        "purposes": [
            {
                "name": "greeting",
                "reason": dict.fromkeys(NAMES, "To greet you."),
                "claims": ["name", "given_name", "family_name"],
            }
        ],
        "contact": "landing@landing.example",
    }


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _read(part: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))
