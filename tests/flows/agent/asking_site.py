"""A website that asks the agent for a signature, as a provider does; it notes its traffic."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

_NONCE: Final = "bm9uY2Utbm9uY2Utbm9uY2Utbm9uY2Utbm9uY2UtMTI="
_PAGE: Final = """<!doctype html><html lang="en"><title>Asking site</title>
<h1>Asking site</h1><button id="go">Log in with eID</button><p id="state">idle</p>
<a id="link" target="_blank" rel="noopener" hidden>Open the PIN page</a>
<script src="/asking.js"></script></html>"""
_SCRIPT: Final = """
const agent = "http://127.0.0.1:AGENT";
const state = document.getElementById("state");
document.getElementById("go").addEventListener("click", async () => {
  const opened = await (await fetch(agent + "/authenticate", {
    method: "POST", headers: {"Content-Type": "application/json"},
    body: JSON.stringify({challengeNonce: "NONCE", lang: "nl"}),
  })).json();
  const link = document.getElementById("link");
  link.href = opened.pinUrl; link.hidden = false;
  window.open(opened.pinUrl, "_blank", "noopener");
  for (;;) {
    const progress = await (await fetch(agent + "/authenticate/" + opened.requestId)).json();
    state.textContent = progress.state;
    if (progress.state === "done") { state.dataset.token = JSON.stringify(progress.token); return; }
    if (progress.state === "failed") { state.dataset.error = progress.error.code; return; }
    await new Promise((again) => setTimeout(again, progress.pollAfterMs));
  }
});
"""


class AskingSite(ThreadingHTTPServer):
    """Serves the page on ``http://localhost:<port>``; ``seen`` holds every request it was sent."""

    daemon_threads = True
    agent_port = 0
    nonce = _NONCE

    def __init__(self) -> None:
        self.seen: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: AskingSite

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        del format, args

    def do_GET(self) -> None:
        self.server.seen.append(f"{self.requestline}\n{self.headers}")
        script = self.path == "/asking.js"
        text = _SCRIPT if script else _PAGE
        text = text.replace("AGENT", str(self.server.agent_port))
        body = text.replace("NONCE", self.server.nonce).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if script else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
