"""The whole application, a victim's phone, an attacker's browser, and a process that may die.

Everything goes through the WSGI application: what an attacker cannot reach there is not attacked.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from werkzeug.test import Client as Http

from idp import runtime
from idp.app import create
from idp.services import build
from mobile_flow.sim.phone import HttpAnswer, PhoneRefused, VirtualPhone
from tests.flows.phone.house import ISSUER, SECOND, Browser, House

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """One request of a phone, as somebody on the way could have kept it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Scene(House):
    """A house whose calls are overheard, and whose process may end and come back."""

    def __init__(self, *given: Any, **phone: Any) -> None:
        self.heard: list[Sent] = []
        super().__init__(*given, **phone)

    def _call(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer:
        self.heard.append(Sent(method=method, path=path, headers=dict(headers), body=body))
        return super()._call(method, path, headers=headers, body=body)

    def again(self, sent: Sent, *, path: str = "", body: bytes | None = None) -> HttpAnswer:
        """Send what was overheard, word by word or changed; nobody signs anything anew."""
        return super()._call(
            sent.method,
            path or sent.path,
            headers=sent.headers,
            body=sent.body if body is None else body,
        )

    def heard_last(self, tail: str) -> Sent:
        """The latest request whose path ends so."""
        return next(sent for sent in reversed(self.heard) if sent.path.endswith(tail))

    def restart(self, *, forgetting: bool = False) -> None:
        """End the process and start another; ``forgetting``: the Ephemeral store is empty then."""
        settings = self.services.settings
        self.services.foundation.close()
        if forgetting:
            path = urlsplit(settings.stores.ephemeral).path
            with sqlite3.connect(path) as store:
                for (table,) in store.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table'"
                ).fetchall():
                    store.execute(f'DROP TABLE "{table}"')
            store.close()
        self.services = build(
            settings,
            now=self.now,
            monotonic=runtime.system_monotonic,
            entropy=runtime.system_entropy,
        )
        self.app = create(self.services)

    def back(self, browser: Browser) -> Browser:
        """Let a browser, with its cookies, go on at the process of now."""
        former, browser.http = browser.http, Http(self.app)
        for cookie in former._cookies.values():
            browser.http.set_cookie(
                cookie.key, cookie.value, domain=cookie.domain, path=cookie.path
            )
        return browser

    def at_the_phone_page(self, **asked: str) -> Browser:
        """A new browser that waits for a phone."""
        return self.browser().open(**asked).choose("mobile")

    def claimed(self, phone: VirtualPhone, **asked: str) -> Browser:
        """A browser whose code a phone has scanned."""
        browser = self.at_the_phone_page(**asked)
        phone.scan(browser.frame())
        return browser

    def matched(self, phone: VirtualPhone, **asked: str) -> Browser:
        """A browser whose number was typed."""
        browser = self.claimed(phone, **asked)
        phone.number(browser.visit().number)
        return browser

    def approved(self, phone: VirtualPhone, **asked: str) -> Browser:
        """A browser that has not looked since its phone approved."""
        browser = self.matched(phone, **asked)
        phone.approve()
        return browser

    def mistype(self, phone: VirtualPhone, browser: Browser) -> str:
        """Type another number than the browser shows; give what the phone is told."""
        wrong = "10" if browser.visit().number != "10" else "11"
        return refusal(lambda: phone.number(wrong))

    def row(self, kind: str) -> dict[str, Any]:
        """The latest audit row of a kind."""
        with self.services.ledger.read() as unit:
            rows = [json.loads(one.payload or b"{}") for one in unit.audit.unsealed(limit=1000)]
        return next(row for row in reversed(rows) if row["kind"] == kind)

    def seeded(self, browser: Browser) -> Browser:
        """Log in by a means without a phone."""
        return browser.choose("seeded").submit("seeded", username="an")


def refusal(call: Callable[[], object]) -> str:
    """The code of the refusal that a phone's call meets; empty where it meets none."""
    try:
        call()
    except PhoneRefused as refused:
        return refused.code
    return ""


def swap_cookies(one: Browser, other: Browser) -> None:
    """Give two browsers each other's cookies."""
    one.http, other.http = other.http, one.http


__all__ = ("ISSUER", "SECOND", "Browser", "Scene", "Sent", "refusal", "swap_cookies")
