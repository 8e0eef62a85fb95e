"""Small doubles of the services: a login that shows what it is told to, endpoints that record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from idp.config import Environment, Settings
from idp.domain.answer import Answer
from idp.domain.claims import ClaimOffer
from idp.domain.client import Client, ClientAuth, ClientId, Purpose
from idp.domain.ended import Ended
from idp.domain.event import MethodName
from idp.domain.person import Sector
from idp.domain.request import AuthorizationRequest, ResponseMode
from idp.domain.transaction import Step, Transaction, TransactionId
from idp.errors import FORM_FORGED, Refused
from idp.login.flow import Page, Turn
from keys.jwks import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idp.login.flow import Visitor
    from idp.oidc.form import Parameters

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LOGIN = "loginloginlogin1"
TOKEN = "the-form-token"
CLIENT = Client(
    id=ClientId("tax"),
    name={"nl": "Belastingen", "fr": "Impôts", "de": "Steuern", "en": "Taxes"},
    sector=Sector("tax"),
    redirect_uris=("https://tax.example/callback",),
    created_at=NOW,
    updated_at=NOW,
)
BROWSER_APP = replace(
    CLIENT,
    id=ClientId("app"),
    auth=ClientAuth.NONE,
    redirect_uris=("https://app.example/callback", "be.example.app:/callback"),
)
REQUEST = AuthorizationRequest(
    client_id=CLIENT.id,
    redirect_uri=CLIENT.redirect_uris[0],
    response_mode=ResponseMode.QUERY,
    scopes=("openid",),
    state="the state",
)
TX = Transaction(
    id=TransactionId(LOGIN),
    request=REQUEST,
    binding="b" * 64,
    opened_at=NOW,
    expires_at=NOW + timedelta(minutes=30),
    language="en",
)
REASON = {
    "nl": "Om uw aangifte op naam te zetten.",
    "fr": "Pour établir votre déclaration à votre nom.",
    "de": "Um Ihre Erklärung auf Ihren Namen auszustellen.",
    "en": "To put your return in your name.",
}
PURPOSE = Purpose(name="return", reason=REASON, claims=("name", "rrn"))
OFFERS = (
    ClaimOffer(
        name="name",
        value="An Peeters",
        essential=True,
        purpose=PURPOSE,
        places=frozenset({"userinfo"}),
    ),
    ClaimOffer(
        name="https://id.example/claims/rrn",
        value="85073000160",
        essential=False,
        purpose=PURPOSE,
        places=frozenset({"userinfo"}),
    ),
)
ANSWER = Answer(
    client=CLIENT.id,
    redirect_uri=CLIENT.redirect_uris[0],
    mode=ResponseMode.QUERY,
    parameters=(("code", "c0de"), ("state", "the state"), ("iss", "https://id.example")),
)


def turn(page: Page, **changes: Any) -> Turn:
    tx = changes.pop("tx", TX)
    if page is Page.CARD:
        tx = replace(tx, step=Step.PROVING, method=MethodName.CARD, challenge="bm9uY2U" + "A" * 37)
    if page is Page.CONSENT:
        changes.setdefault("offers", OFFERS)
        changes.setdefault("person_name", "An Peeters")
    if page is Page.DONE:
        changes.setdefault("answer", ANSWER)
    changes.setdefault("methods", (MethodName.CARD, MethodName.SEEDED))
    return Turn(tx=tx, client=CLIENT, page=page, **changes)


@dataclass
class Flow:
    """A login whose every verb gives ``next`` (or raises it) and is written down."""

    next: Turn | Exception = field(default_factory=lambda: turn(Page.CHOOSE))
    calls: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    ends: Ended | None = None

    def _take(self, name: str, *said: Any) -> Turn:
        self.calls.append((name, said))
        if isinstance(self.next, Exception):
            raise self.next
        return self.next

    def open(self, request: AuthorizationRequest, visitor: Visitor, *, cookies_seen: bool) -> Turn:
        return self._take("open", request, visitor, cookies_seen)

    def visit(self, tx_id: str, visitor: Visitor) -> Turn:
        return self._take("visit", tx_id, visitor)

    def progress(self, tx_id: str, visitor: Visitor) -> tuple[Transaction, str]:
        turn = self._take("progress", tx_id, visitor)
        return turn.tx, turn.state

    def choose(self, tx_id: str, visitor: Visitor, method: MethodName) -> Turn:
        del visitor
        return self._take("choose", tx_id, method)

    def prove(self, tx_id: str, visitor: Visitor, method: MethodName, answer: str) -> Turn:
        del visitor
        return self._take("prove", tx_id, method, answer)

    def consent(
        self, tx_id: str, visitor: Visitor, *, agreed: frozenset[str], remember: bool
    ) -> Turn:
        del visitor
        return self._take("consent", tx_id, agreed, remember)

    def cancel(self, tx_id: str, visitor: Visitor) -> Turn:
        del visitor
        return self._take("cancel", tx_id)

    def restart(self, tx_id: str, visitor: Visitor) -> Turn:
        del visitor
        return self._take("restart", tx_id)

    def form_token(self, tx: Transaction) -> str:
        del tx
        return TOKEN

    def check_form(self, tx_id: str, visitor: Visitor, token: str | None) -> str:
        del visitor
        if token != TOKEN:
            raise Refused(FORM_FORGED, "double")
        return tx_id

    def end_session(self, visitor: Visitor, *, why: str) -> Ended | None:
        self.ended.append(f"{visitor.session} {why}")
        return self.ends


@dataclass
class Endpoint:
    """A protocol verb that gives ``result`` (or raises it) and keeps what it was given."""

    result: Any = field(default_factory=dict)
    given: list[Mapping[str, Any]] = field(default_factory=list)

    def _answer(self, params: Parameters | None = None, *more: Any, **rest: Any) -> Any:
        self.given.append({"params": params, "more": more, **rest})
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    exchange = answer = authenticate = read = push = query = revoke = _answer


@dataclass
class Ledger:
    """Registrations, sessions and pictures, only read."""

    clients: tuple[Client, ...] = (CLIENT, BROWSER_APP)
    sessions: dict[str, Any] = field(default_factory=dict)
    logos: dict[str, bytes] = field(default_factory=dict)
    untried: list[bool] = field(default_factory=list)
    """What is answered to each question whether a message is still to be tried; then ``False``."""

    @contextmanager
    def read(self) -> Iterator[Any]:
        found = {client.id: client for client in self.clients}
        yield SimpleNamespace(
            clients=SimpleNamespace(get=found.get, all=lambda: self.clients),
            sessions=SimpleNamespace(get=self.sessions.get),
            logos=SimpleNamespace(get=self.logos.get),
            outbox=SimpleNamespace(
                untried=lambda numbers: bool(numbers) and bool(self.untried) and self.untried.pop(0)
            ),
        )


@dataclass
class Counter:
    """Counts refusals in memory."""

    counted: list[str] = field(default_factory=list)

    def count(self, code: str) -> None:
        self.counted.append(code)


class Vault:
    """Fingerprints that only a test would trust."""

    def fingerprint(self, purpose: str, value: bytes) -> bytes:
        return (purpose.encode() + value).ljust(32, b"-")[:32]


def document(body: object) -> Document:
    return Document(
        body=json.dumps(body).encode(), etag='"tag"', media_type="application/json", max_age=300
    )


def services(**settings: Any) -> Any:
    """Give services with doubles in every place that the web uses."""
    settings.setdefault("issuer", "https://id.example")
    settings.setdefault("environment", Environment.TEST)
    counting = iter(range(10**6))
    return SimpleNamespace(
        settings=Settings(**settings),
        now=lambda: NOW,
        monotonic=lambda: float(next(counting)),
        entropy=lambda size: bytes(range(size)),
        ledger=Ledger(),
        vault=Vault(),
        ring=SimpleNamespace(jwks=lambda: document({"keys": []})),
        discovery=document({"issuer": "https://id.example"}),
        reader=Endpoint(REQUEST),
        pushed=Endpoint({"request_uri": "urn:x", "expires_in": 90}),
        authentication=Endpoint(SimpleNamespace(client=CLIENT)),
        token_endpoint=Endpoint({"access_token": "t", "token_type": "Bearer"}),
        userinfo=Endpoint({"sub": "s"}),
        grant_management=Endpoint({"scopes": []}),
        introspection=Endpoint({"active": False}),
        revocation=Endpoint(None),
        logout=Endpoint(),
        signed_answers=SimpleNamespace(sign=lambda answer: answer),
        flow=Flow(),
        refusals=Counter(),
        openings=SimpleNamespace(admit=lambda address: None),  # noqa: ARG005
        phone=None,
    )
