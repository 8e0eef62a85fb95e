"""A provider's login desk for tests: a real Ledger, real cards, a clock in the test's hand.

`Browser` is a cookie jar that walks the flow; it does what the web does with a turn and no more.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cardreader.server import CardServer
from idp.config import Settings
from idp.domain.client import Client, ClientId, Purpose
from idp.domain.event import MethodName
from idp.domain.person import Attributes, Person, PersonId, PersonState, Sector
from idp.domain.request import AuthorizationRequest, ResponseMode
from idp.login import sessions
from idp.login.card import CardMethod
from idp.login.flow import LoginFlow, Page, Turn, Visitor
from idp.login.seeded import SeededMethod
from idp.oidc.completion import Completion
from idp.store.memory import MemoryEphemeral
from idp.store.opening import open_ledger
from tests.contract.store.stand_ins import TestVault
from tests.services.ledgers import put_ledger
from tests.world import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cardreader.sim.pki import CardCertificates
    from cardreader.trust.ports import FetchAnswer, FetchRequest
    from idp.domain.answer import Answer
    from idp.domain.session import Session
    from idp.domain.transaction import Transaction
    from idp.login.methods import LoginMethod
    from idp.store.ports import Ledger, Unit

SHOP, TOWN = ClientId("shop"), ClientId("town")
AN, BO = PersonId("person-an"), PersonId("person-bo")
MINUTE = timedelta(minutes=1)
HIGH = "http://eidas.europa.eu/NotNotified/LoA/high"
LOW = "http://eidas.europa.eu/NotNotified/LoA/low"
PURPOSE = Purpose(
    name="account", reason={"en": "Your account"}, claims=("given_name", "family_name", "email")
)


class CountedLedger:
    """A Ledger that counts committed writing units and knows whether one is open."""

    def __init__(self, inner: Ledger) -> None:
        self._inner = inner
        self.commits = 0
        self.open = 0

    @contextmanager
    def begin(self) -> Iterator[Unit]:
        self.open += 1
        try:
            with self._inner.begin() as unit:
                yield unit
            self.commits += 1
        finally:
            self.open -= 1

    @contextmanager
    def read(self) -> Iterator[Unit]:
        with self._inner.read() as unit:
            yield unit

    def close(self) -> None:
        self._inner.close()


class House:
    """One provider with two e-services, two seeded people and one country of cards."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.world = tokens.InMemoryWorld()
        self.settings = Settings(
            environment="test",
            issuer=tokens.ORIGIN,
            **{"login": {"seeded_sign_in": True}, **settings},
        )
        url = f"sqlite:///{folder / 'ledger.sqlite'}"
        put_ledger(url)
        self.vault = TestVault()
        opened = open_ledger(url, self.vault, now=self.now, entropy=secrets.token_bytes)
        self.ledger: Any = CountedLedger(opened)
        self.ephemeral = MemoryEphemeral(now=self.now, entropy=secrets.token_bytes)
        self.cards = CardServer(
            tokens.anchors(), self._fetch, now=self.now, entropy=secrets.token_bytes
        )
        self.refused: list[str] = []
        self.flow = self.worker()
        with self.ledger.begin() as unit:
            unit.clients.add(self.client(SHOP))
            unit.clients.add(self.client(TOWN))
            unit.people.add(self.person(AN, "An"), username="an")
            unit.people.add(self.person(BO, "Bo"), username="bo")
        self.ledger.commits = 0

    def worker(self) -> LoginFlow:
        """One more process over the same stores."""
        means: list[LoginMethod] = []
        if self.settings.card.enabled:
            means.append(CardMethod(self.cards, origin=tokens.ORIGIN, entropy=secrets.token_bytes))
        if self.settings.login.seeded_sign_in:
            means.append(SeededMethod(now=self.now))
        return LoginFlow(
            self.settings,
            ledger=self.ledger,
            ephemeral=self.ephemeral,
            vault=self.vault,
            means=means,
            count=self.refused.append,
            complete=Completion(self.settings, now=self.now, entropy=secrets.token_bytes),
            now=self.now,
            entropy=secrets.token_bytes,
        )

    def now(self) -> Any:
        return self.world.now

    def wait(self, time: timedelta) -> None:
        self.world.now += time

    def _fetch(self, request: FetchRequest) -> FetchAnswer:
        assert self.ledger.open == 0, "asked the network inside a unit of work"
        return self.world(request)

    def client(self, name: ClientId, **changes: Any) -> Client:
        values: dict[str, Any] = {
            "id": name,
            "name": {"en": name.title()},
            "sector": Sector(f"{name}.example"),
            "redirect_uris": (f"https://{name}.example/cb",),
            "scopes": ("openid", "profile", "email"),
            "purposes": (PURPOSE,),
            "created_at": self.now(),
            "updated_at": self.now(),
        }
        return Client(**{**values, **changes})

    def register(self, name: ClientId = SHOP, **changes: Any) -> None:
        """Change a registration, as an operator would."""
        with self.ledger.begin() as unit:
            version = unit.clients.get(name).version
            unit.clients.replace(
                self.client(name, version=version + 1, **changes), expected_version=version
            )

    def person(self, key: PersonId, name: str) -> Person:
        return Person(
            id=key,
            state=PersonState.ACTIVE,
            attributes=Attributes(
                given_name=name, family_name="Seed", standard={"email": f"{name}@seed.example"}
            ),
            created_at=self.now(),
            updated_at=self.now(),
        )

    def set_state(self, person: PersonId, state: PersonState) -> None:
        with self.ledger.begin() as unit:
            unit.people.set_state(person, state, at=self.now())

    def request(self, name: ClientId = SHOP, **changes: Any) -> AuthorizationRequest:
        values: dict[str, Any] = {
            "client_id": name,
            "redirect_uri": f"https://{name}.example/cb",
            "response_mode": ResponseMode.QUERY,
            "scopes": ("openid",),
            "state": "state-1",
        }
        return AuthorizationRequest(**{**values, **changes})

    def browser(self) -> Browser:
        return Browser(self)

    def session(self, browser: Browser) -> Session | None:
        with self.ledger.read() as unit:
            return sessions.find(unit, browser.session)

    def audited(self) -> list[str]:
        """The kinds of the recorded events, oldest first."""
        return [event["kind"] for event in self.events()]

    def events(self) -> list[dict[str, Any]]:
        with self.ledger.read() as unit:
            return [json.loads(row.payload) for row in unit.audit.unsealed(limit=1000)]

    def grant_of(self, answer: Answer | None) -> Any:
        """What stands behind the code of an answer."""
        digest = hashlib.sha256(code_of(answer).encode()).hexdigest()
        with self.ledger.read() as unit:
            return unit.grants.find_code(digest).grant


class Browser:
    """Somebody's browser: two cookies, and the turn that is on its screen."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.flow = house.flow
        self.binding: str | None = None
        self.session: str | None = None
        self.turn: Turn | None = None

    @property
    def visitor(self) -> Visitor:
        return Visitor(binding=self.binding, session=self.session, language="en")

    @property
    def tx(self) -> Transaction:
        assert self.turn is not None
        return self.turn.tx

    def take(self, turn: Turn) -> Turn:
        if turn.set_binding is not None:
            self.binding = turn.set_binding
        if turn.set_session is not None:
            self.session = turn.set_session
        elif turn.clear_session:
            self.session = None
        self.turn = turn
        return turn

    def open(self, request: AuthorizationRequest | None = None, **changes: Any) -> Turn:
        asked = request or self.house.request(**changes)
        return self.take(self.flow.open(asked, self.visitor, cookies_seen=True))

    def post(self, **changes: Any) -> Turn:
        """Arrive by a cross-site POST, whose redirect brings the cookies."""
        bare = Visitor(binding=None, session=None, language="en")
        turn = self.flow.open(self.house.request(**changes), bare, cookies_seen=False)
        assert (turn.set_binding, turn.set_session) == (None, None)
        return self.take(turn)

    def visit(self, tx: str | None = None) -> Turn:
        return self.take(self.flow.visit(tx or self.tx.id, self.visitor))

    def choose(self, method: MethodName, tx: str | None = None) -> Turn:
        return self.take(self.flow.choose(tx or self.tx.id, self.visitor, method))

    def seeded(self, name: str = "an") -> Turn:
        self.choose(MethodName.SEEDED)
        return self.take(self.flow.prove(self.tx.id, self.visitor, MethodName.SEEDED, name))

    def card(self, made: CardCertificates | None = None, **other: Any) -> Turn:
        self.choose(MethodName.CARD)
        return self.answer(self.token(made, **other))

    def token(self, made: CardCertificates | None = None, **other: Any) -> str:
        """What the card answers to the challenge on the page."""
        card = made or tokens.card()
        assert self.tx.challenge is not None
        members = tokens.members(
            card.authentication,
            card.authentication_key,
            **{"nonce": self.tx.challenge, **other},
        )
        return json.dumps(members)

    def answer(self, token: str) -> Turn:
        return self.take(self.flow.prove(self.tx.id, self.visitor, MethodName.CARD, token))

    def agree(self, *claims: str, remember: bool = True, tx: str | None = None) -> Turn:
        return self.take(
            self.flow.consent(
                tx or self.tx.id, self.visitor, agreed=frozenset(claims), remember=remember
            )
        )

    def login(self, name: ClientId = SHOP, who: str = "an", **changes: Any) -> Turn:
        """A whole seeded login, agreeing to everything."""
        turn = self.open(name=name, **changes)
        if turn.page in {Page.CHOOSE, Page.SEEDED}:
            turn = self.seeded(who)
        if turn.page is Page.CONSENT:
            turn = self.agree(*(offer.name for offer in turn.offers))
        assert turn.page is Page.DONE
        return turn


def code_of(answer: Answer | None) -> str:
    assert answer is not None
    return dict(answer.parameters)["code"]


def error_of(answer: Answer | None) -> str:
    assert answer is not None
    return dict(answer.parameters)["error"]
