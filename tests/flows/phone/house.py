"""The whole application in one process, a browser by its cookies, and a phone by its calls.

Real stores, real keys, the real WSGI callable; only the clock is ours.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from werkzeug.test import Client as Http

from idp import runtime
from idp.app import create
from idp.config import Environment, Settings
from idp.domain import client as registered
from idp.domain.person import Attributes, Person, PersonId, PersonState, Sector
from idp.foundation import found_keys
from idp.services import build
from mobile_flow.model import PersonRef
from mobile_flow.sim.phone import HttpAnswer, VirtualPhone
from tests.services.ledgers import put_ledger

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from idp.services import Services

ISSUER: Final = "http://localhost:8400"
CALLBACK: Final = "https://shop.example/cb"
VERIFIER: Final = secrets.token_urlsafe(48)
AN: Final = PersonId("an")
CARD: Final = "ab" * 32
DAY: Final = timedelta(days=1)
ENGLISH: Final = {"Accept-Language": "en", "User-Agent": "X11; Linux x86_64 Firefox/140.0"}
SECOND: Final = timedelta(seconds=1)
UNHURRIED: Final = {"open_per_address": 100, "reading_time": timedelta(0)}
"""One machine plays many browsers, and nobody has to read."""


class House:
    """One provider with phones, one e-service, one person."""

    def __init__(
        self,
        folder: Path,
        *,
        ledger: str | None = None,
        environment: Environment = Environment.TEST,
        more: Mapping[str, Any] | None = None,
        **phone: Any,
    ) -> None:
        self.at = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
        values: dict[str, Any] = {
            "environment": environment,
            "issuer": ISSUER,
            "stores": {
                "ledger": ledger or f"sqlite:///{folder / 'ledger.sqlite'}",
                "ephemeral": f"sqlite:///{folder / 'ephemeral.sqlite'}",
            },
            "keys": {"kek_file": folder / "kek"},
            "card": {"enabled": False},
            "login": {"seeded_sign_in": True},
            "phone": {**UNHURRIED, "enabled": True, "starts_per_address": 100, **phone},
            **(more or {}),
        }
        settings = Settings(**values)
        world: dict[str, Any] = {
            "now": self.now,
            "monotonic": runtime.system_monotonic,
            "entropy": runtime.system_entropy,
        }
        if ledger is None:
            put_ledger(settings.stores.ledger)
        found_keys(settings, **world, by="test")
        self.services: Services = build(settings, **world)
        self.app = create(self.services)
        with self.services.ledger.begin() as unit:
            unit.clients.add(self.client())
            unit.people.add(
                Person(
                    id=AN,
                    state=PersonState.ACTIVE,
                    attributes=Attributes(given_name="An", family_name="Peeters"),
                    created_at=self.at,
                    updated_at=self.at,
                ),
                username="an",
            )

    def now(self) -> datetime:
        return self.at

    def wait(self, time: timedelta) -> None:
        self.at += time

    @property
    def desk(self) -> Any:
        desk = self.services.phone
        assert desk is not None
        return desk

    def client(self, **changes: Any) -> registered.Client:
        values: dict[str, Any] = {
            "id": registered.ClientId("shop"),
            "name": {"en": "Shop", "nl": "Winkel"},
            "sector": Sector("shop.example"),
            "redirect_uris": (CALLBACK,),
            "auth": registered.ClientAuth.NONE,
            "grant_types": ("authorization_code", "refresh_token"),
            "scopes": ("openid", "profile", "offline_access"),
            "purposes": (
                registered.Purpose(
                    name="order", reason={"en": "To ship your order."}, claims=("given_name",)
                ),
            ),
            "created_at": self.at,
            "updated_at": self.at,
        }
        return registered.Client(**{**values, **changes})

    def register(self, **changes: Any) -> None:
        with self.services.ledger.begin() as unit:
            version = unit.clients.get(registered.ClientId("shop")).version  # type: ignore[union-attr]
            changed = self.client(version=version + 1, **changes)
            unit.clients.replace(changed, expected_version=version)

    def phone(
        self, *, of: PersonId = AN, synced: bool = False, trusted: bool = False
    ) -> VirtualPhone:
        """A phone of An, enrolled over the app's own calls; ``trusted``: a card and a yes since."""
        phone = VirtualPhone(self._call, origin=ISSUER, entropy=secrets.token_bytes, synced=synced)
        owner = PersonRef(of)
        opened = self.desk.enrolments.open(owner, name="An Peeters", card_fingerprint=CARD)
        confirm = self.desk.enrolments.confirm
        phone.enrol(
            opened.code,
            lambda word: confirm(opened.enrolment.id, person=owner, matching=word),
        )
        if trusted:
            with self.services.ledger.begin() as unit:
                for device in unit.phones.devices(owner):
                    unit.phones.trust_device(device.id, person=owner, card_used_at=self.at)
        return phone

    def _call(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer:
        answer = Http(self.app, use_cookies=False).open(
            path, method=method, headers=dict(headers), data=body, base_url=ISSUER
        )
        return HttpAnswer(status=answer.status_code, headers=answer.headers, body=answer.data)

    def browser(self) -> Browser:
        return Browser(self)

    def audited(self) -> list[str]:
        with self.services.ledger.read() as unit:
            rows = unit.audit.unsealed(limit=1000)
        return [json.loads(row.payload or b"{}")["kind"] for row in rows]

    def close(self) -> None:
        self.services.foundation.close()


class Browser:
    """Somebody's browser, at one login at a time."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.http = Http(house.app)
        self.page = ""
        self.answer: Any = None
        self.login = ""

    def open(self, scope: str = "openid profile", **changes: str) -> Browser:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
        asked = {
            "client_id": "shop",
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": scope,
            "state": "state-1",
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **changes,
        }
        return self._take(self._get("/authorize", query_string=asked))

    def choose(self, method: str) -> Browser:
        if f'id="method-{method}"' not in self.page:
            self.submit("restart")
        return self.submit("method", index=method)

    def submit(self, action: str, *, index: str = "", **fields: str) -> Browser:
        """Send the form of the page that goes to ``action`` (and holds the value ``index``)."""
        form = next(
            form
            for form in re.findall(r"<form.*?</form>", self.page, re.DOTALL)
            if f'/{action}"' in form.partition(">")[0] and (not index or f'value="{index}"' in form)
        )
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form))
        ticked = dict(re.findall(r'<input type="checkbox" name="(claim[^"]+)" value="(\d)"', form))
        (target,) = re.findall(r'action="([^"]+)"', form)
        data = {**hidden, **ticked, **fields}
        answer = self.http.post(target, data=data, headers=ENGLISH, base_url=ISSUER)
        return self._take(answer)

    def visit(self) -> Browser:
        return self._take(self._get(f"/login/{self.login}"))

    def json(self, tail: str) -> Any:
        answer = self.http.get(f"/login/{self.login}/{tail}", base_url=ISSUER)
        assert answer.status_code == 200, answer.text
        return answer.json

    @property
    def state(self) -> str:
        """What the page of the phone says of it."""
        return str(re.findall(r'data-state="([^"]*)" data-how', self.page)[0])

    @property
    def number(self) -> str:
        return str(re.findall(r'id="number">(\d\d)<', self.page)[0])

    def frame(self) -> str:
        return str(self.json("frames")["frames"][0]["text"])

    def approved_by(self, phone: VirtualPhone) -> Browser:
        """Let a phone scan, type the number and approve; then come back."""
        phone.scan(self.frame())
        phone.number(self.visit().number)
        phone.approve()
        return self.visit()

    def passkey_of(self, phone: VirtualPhone) -> Browser:
        (options,) = re.findall(r'data-options="([^"]+)"', self.page)
        assertion = phone.authenticator.get(json.loads(html.unescape(options)), origin=ISSUER)
        return self.submit("passkey", assertion=json.dumps(assertion))

    def agree(self) -> Browser:
        return self.submit("consent", remember="1")

    @property
    def told(self) -> dict[str, str]:
        """What the e-service was told."""
        where = str(self.answer.headers["Location"])
        assert where.startswith(f"{CALLBACK}?"), where
        return dict(parse_qsl(urlsplit(where).query))

    def tokens(self) -> dict[str, Any]:
        answer = self._token(grant_type="authorization_code", code=self.told["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json)

    def refreshed(self, token: str) -> Any:
        return self._token(grant_type="refresh_token", refresh_token=token)

    def userinfo(self, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return int(self.http.get("/userinfo", headers=headers, base_url=ISSUER).status_code)

    def _token(self, **fields: str) -> Any:
        data = {
            "client_id": "shop",
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **fields,
        }
        return Http(self.house.app).post("/token", data=data, base_url=ISSUER)

    def _get(self, path: str, **more: Any) -> Any:
        return self.http.get(path, headers=ENGLISH, base_url=ISSUER, **more)

    def _take(self, answer: Any) -> Browser:
        while answer.status_code == 303 and answer.headers["Location"].startswith("/login/"):
            answer = self._get(answer.headers["Location"])
        self.answer, self.page = answer, answer.text
        found = re.search(r"/login/([A-Za-z0-9_-]{8,})", self.page)
        if found is not None:
            self.login = found[1]
        return self


def claims_of(tokens: Mapping[str, Any]) -> dict[str, Any]:
    """The claims of an ID token."""
    payload = tokens["id_token"].split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "==")))
