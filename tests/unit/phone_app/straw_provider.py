"""A provider of straw for the phone's app: its files, and answers as a test wants them.

    straw = Straw(); straw.serve(context); straw.answers["POST", "approvals/claim"] = refusal(...)

Nothing listens: the browser's requests are answered where they leave it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mobile_flow import pwa

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route

ORIGIN = "http://localhost:8499"
AT = "2026-11-24T15:00:00+00:00"
SHOWN = {
    "verb": "log_in",
    "client_id": "specimen",
    "client_name": "Municipality of Specimen",
    "client_domain": "specimen.example",
    "purpose": "To open your file.",
    "claims": [
        {"name": "name", "reason": "To call you by your name."},
        {"name": "egovNRN", "reason": "To find you in the register."},
    ],
    "details": [{"label": "amount", "value": "12.50 EUR"}],
    "message": "Ref <b>77</b>",
    "where": "Chrome on Windows",
    "acr": "",
    "language": "en",
}
CLAIMED: dict[str, Any] = {
    "id": "ABCDEFGHIJ",
    "state": "claimed",
    "kind": "static",
    "shown": SHOWN,
    "needs_number": True,
    "contested": True,
    "opened_at": AT,
    "expires_in": 100,
}
OPTIONS = {"challenge": "AAAA", "rpId": "localhost", "userVerification": "required"}
MATCHED = {**CLAIMED, "state": "matched", "needs_number": False, "options": OPTIONS}
DEVICES = [
    {"id": "d1", "name": "My phone", "enrolled_at": AT, "this": True},
    {"id": "d2", "name": "Tablet", "enrolled_at": AT, "this": False},
]
ENROLLED = """async () => {
  const store = await import("/phone/store.js");
  const api = await import("/phone/api.js");
  await store.keep("device", { id: "d1", name: "My phone", key: await api.newKey() });
}"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """An answer that says no."""

    status: int
    code: str
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Straw:
    """What is answered, by method and path below ``/phone/api/``, and what was asked.

    Attributes:
        down: no call is answered at all.
        asked: method, path, headers and body of each call.
    """

    down: bool = False
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    answers: dict[tuple[str, str], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.answers.update(
            {
                ("POST", "approvals/claim"): {"approval": CLAIMED},
                ("GET", "approvals/ABCDEFGHIJ"): {"approval": CLAIMED},
                ("POST", "approvals/ABCDEFGHIJ/number"): {"approval": MATCHED},
                ("POST", "approvals/ABCDEFGHIJ/refuse"): {
                    "approval": {**CLAIMED, "state": "refused", "needs_number": False}
                },
                ("GET", "approvals"): {"pending": [{**CLAIMED, "state": "pending"}]},
                ("POST", "enrolments/claim"): {
                    "enrolment": "e1",
                    "matching": "K7QX",
                    "device_name": "My phone",
                },
                ("GET", "enrolments/e1"): {"state": "claimed", "matching": "K7QX"},
                ("GET", "history"): {
                    "approvals": [
                        {**CLAIMED, "state": state, "decided_at": AT}
                        for state in ("consumed", "refused", "wrong_number")
                    ]
                },
                ("GET", "devices"): {"devices": DEVICES},
            }
        )

    def serve(self, context: BrowserContext) -> None:
        """Answer a browser's requests from now on."""
        context.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path.startswith("/phone/api/"):
            self._call(route, path.removeprefix("/phone/api/"))
            return
        file = pwa.files().get(path.removeprefix("/phone/") or pwa.INDEX)
        if file is None:
            route.fulfill(status=404, body="")
            return
        headers = {"Content-Security-Policy": pwa.POLICY, "Permissions-Policy": pwa.PERMISSIONS}
        route.fulfill(body=file.body, content_type=file.content_type, headers=headers)

    def _call(self, route: Route, path: str) -> None:
        request = route.request
        if self.down:
            route.abort("connectionfailed")
            return
        self.asked.append((request.method, path, request.all_headers(), request.post_data))
        answer, status = self.answers.get((request.method, path), {}), 200
        if isinstance(answer, Refusal):
            status = answer.status
            said = {"title": f"Title {answer.code}", "advice": f"Advice {answer.code}"}
            answer = {"error": answer.code, **said, **answer.more}
        route.fulfill(
            status=status,
            json=answer,
            headers={
                "Sesame-Nonce": f"nonce-{len(self.asked)}",
                "Content-Type": "application/json",
            },
        )


def open_app(page: Page, hash_: str = "", *, enrolled: bool = True) -> None:
    """Open the app at an address within it, as a phone that is enrolled, or not yet."""
    if enrolled:
        page.goto(f"{ORIGIN}/phone/icons/mark.svg")
        page.evaluate(ENROLLED)
    page.goto(f"{ORIGIN}/phone/{hash_}")


def json_part(token: str, part: int) -> dict[str, Any]:
    """One of the JSON parts of a compact JWS."""
    import base64

    text = token.split(".")[part]
    return dict(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
