"""A provider's authorization side over a real Ledger and ring, with one client and one person."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from idp.config import Environment, Settings
from idp.domain.answer import RefusedToClient
from idp.domain.client import Client, ClientId, Purpose
from idp.domain.request import ResponseMode
from idp.errors import Refused
from idp.foundation import Foundation, found_keys, lay
from idp.oidc.answering import offered_types
from idp.oidc.client_jws import ClientKeys
from idp.oidc.completion import Completion
from idp.oidc.dpop import Proof
from idp.oidc.form import Parameters
from idp.oidc.front_channel import FrontWriter
from idp.oidc.jarm import SignedAnswers
from idp.oidc.logout import Logout
from idp.oidc.object_offers import object_offers
from idp.oidc.par import PushedRequests
from idp.oidc.pens import Pens
from idp.oidc.request_objects import RequestObjects
from idp.oidc.request_references import RequestReferences
from idp.oidc.requests import At, RequestReader, RequestRules
from idp.oidc.waiting_room import room_of
from idp.outbound.client import OutboundFailed
from tests.contract.store.stand_ins import SHOP, Clock, a_client, a_person, a_session
from tests.services.ledgers import put_ledger

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from idp.domain.request import AuthorizationRequest
    from idp.errors import Problem
    from idp.store.ports import Unit

ISSUER = "https://idp.example"
CALLBACK = "https://shop.example/cb"
VERIFIER = "v" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
PLAIN: dict[str, str] = {
    "client_id": SHOP,
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid",
    "state": "s",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
"""A request that is accepted, with as little in it as can be."""


def form(parameters: Mapping[str, object] | list[tuple[str, object]]) -> Parameters:
    """Send parameters as a browser would; a value that is a list is sent several times."""
    return Parameters.parse(urlencode(parameters, doseq=True).encode())


def asking(**changes: str | list[str] | None) -> Parameters:
    """Send the plain request with some parameters changed; ``None`` leaves one out."""
    together: dict[str, object] = {**PLAIN, **changes}
    return form({name: value for name, value in together.items() if value is not None})


@dataclass(frozen=True, kw_only=True)
class Caller:
    """An authenticated client whose assertion is spent by name."""

    client: Client
    assertion: str | None = None
    proof: Proof | None = None

    def claim(self, unit: Unit) -> None:
        if self.proof is not None:
            self.proof.spend(unit)
        if self.assertion is not None:
            unit.spend("assertion", self.assertion, until=self.client.created_at)


class Desk:
    """The authorization side, assembled."""

    def __init__(self, foundation: Foundation, clock: Clock) -> None:
        self.foundation = foundation
        self.settings = foundation.settings
        self.ledger = foundation.ledger
        self.ring = foundation.ring
        self.clock = clock
        objects = RequestObjects(
            keys=ClientKeys(entropy=secrets.token_bytes),
            issuer=ISSUER,
            skew=self.settings.lifetimes.skew,
            now=clock,
        )
        self.served: dict[str, bytes] = {}
        self.fetched: list[str] = []
        offers = object_offers(self.settings)
        references = RequestReferences(self._fetch, room=room_of(8), hashed=offers.hashed)
        self.rules = RequestRules(
            ring=self.ring,
            objects=objects,
            references=references,
            offers=offers,
            issuer=ISSUER,
            response_types=offered_types(self.settings),
        )
        self.pushed = PushedRequests(
            self.settings,
            ledger=self.ledger,
            ephemeral=foundation.ephemeral,
            vault=foundation.vault,
            rules=self.rules,
            now=clock,
            entropy=secrets.token_bytes,
        )
        self.reader = RequestReader(
            ledger=self.ledger, pushed=self.pushed, rules=self.rules, now=clock
        )
        self.logout = Logout(ledger=self.ledger, ring=self.ring, issuer=ISSUER, now=clock)
        self.completion = Completion(self.settings, now=clock, entropy=secrets.token_bytes)

    def _fetch(self, url: str) -> bytes:
        """Give what is served at an address."""
        self.fetched.append(url)
        if url not in self.served:
            raise OutboundFailed("status")
        return self.served[url]

    def signed_answers(self) -> SignedAnswers:
        """What writes and signs the answers of this desk as they leave."""
        pens = Pens(self.ring)
        return SignedAnswers(
            ledger=self.ledger,
            pens=pens,
            tokens=FrontWriter(self.settings, pens=pens, now=self.clock),
            issuer=ISSUER,
            now=self.clock,
        )

    def client(self, client_id: str = SHOP) -> Client:
        with self.ledger.read() as unit:
            client = unit.clients.get(ClientId(client_id))
        assert client is not None
        return client

    def change(self, client_id: str = SHOP, **changes: Any) -> Client:
        """Edit a registration."""
        client = self.client(client_id)
        with self.ledger.begin() as unit:
            unit.clients.replace(replace(client, **changes), expected_version=client.version)
        return self.client(client_id)

    def register(self, client_id: str, **values: Any) -> Client:
        client = a_client(client_id, **values)
        with self.ledger.begin() as unit:
            unit.clients.add(client)
        return client

    def read(self, **changes: str | list[str] | None) -> AuthorizationRequest:
        """Bring the plain request, changed, to /authorize."""
        return self.reader.read(asking(**changes))

    def push(
        self, *, client_id: str = SHOP, assertion: str | None = None, **changes: Any
    ) -> dict[str, object]:
        """Push the plain request, changed."""
        caller = Caller(client=self.client(client_id), assertion=assertion)
        return self.pushed.push(asking(client_id=client_id, **changes), caller)

    def id_token(self, **claims: object) -> str:
        """Sign an ID token, long expired, as this provider made it."""
        content = {"iss": ISSUER, "sub": "subject-an", "aud": SHOP, "sid": "sid-1", "exp": 1}
        return self.ring.signer().sign({**content, **claims})


def refusal(desk: Desk, at: At, parameters: Parameters) -> Refused:
    """Give how a request is refused at an endpoint; accepting it is the failure."""
    try:
        if at is At.AUTHORIZE:
            desk.reader.read(parameters)
        else:
            desk.pushed.push(parameters, Caller(client=desk.client()))
    except Refused as refused:
        return refused
    raise AssertionError("it was accepted")


def told_to_client(
    refused: Refused, problem: Problem, mode: ResponseMode = ResponseMode.QUERY
) -> None:
    """Check that a refusal goes to the proven address, and is this one."""
    assert isinstance(refused, RefusedToClient)
    assert refused.problem is problem, refused.detail
    assert refused.reply.redirect_uri == CALLBACK
    assert refused.reply.mode is mode


def kept_with_us(refused: Refused, problem: Problem) -> None:
    """Check that a refusal stays on our own page, and is this one."""
    assert not isinstance(refused, RefusedToClient)
    assert refused.problem is problem, refused.detail


def purpose(*claims: str, **other: Any) -> Purpose:
    return Purpose(name=other.pop("name", "test"), reason={"en": "why"}, claims=claims, **other)


def open_desk(folder: Path, clock: Clock, **more: Any) -> Desk:
    """Set up a deployment in a folder and open it, knowing the shop, An and her session."""
    settings = Settings(
        environment=Environment.TEST,
        issuer=ISSUER,
        stores={
            "ledger": f"sqlite:///{folder / 'ledger.sqlite'}",
            "ephemeral": f"sqlite:///{folder / 'ephemeral.sqlite'}",
        },
        keys={"kek_file": folder / "kek"},
        **more,
    )
    put_ledger(settings.stores.ledger)
    world: dict[str, Any] = {
        "now": clock,
        "monotonic": lambda: clock().timestamp(),
        "entropy": secrets.token_bytes,
    }
    found_keys(settings, **world, by="test")
    desk = Desk(lay(settings, **world), clock)
    with desk.ledger.begin() as unit:
        unit.clients.add(a_client(scopes=("openid", "profile", "egovnrn"), sector="shop.example"))
        unit.people.add(a_person(), username="an")
        unit.sessions.open(a_session())
    return desk


A_DAY = timedelta(days=1)
