"""A deployment where e-services register themselves, reached by HTTP in this process."""

from __future__ import annotations

import atexit
import secrets
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from werkzeug.test import Client as Http

from idp.app import create
from idp.config import Settings
from idp.domain.client import Client, ClientId
from idp.domain.invitation import Invitation
from idp.foundation import found_keys
from idp.oidc.dynamic import tokens
from idp.oidc.dynamic.desk import RegistrationDesk
from idp.outbound.client import OutboundFailed
from idp.services import Services, build
from tests.contract.store.stand_ins import START, Clock
from tests.services.ledgers import put_ledger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from werkzeug.test import TestResponse

ISSUER = "https://idp.example"
CALLBACK = "https://rp.example/cb"
JSON = "application/json"
_LEDGER = "ledger.sqlite"
_KEK = "kek"


@dataclass(kw_only=True, slots=True)
class Web:
    """What others publish, by address; an absent address does not answer."""

    pages: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        if url not in self.pages:
            raise OutboundFailed("unreachable")
        return self.pages[url]

    def pictures(self, addresses: Iterable[str]) -> dict[str, bytes | OutboundFailed]:
        """Give what is at each address, or that nothing is."""
        wanted = tuple(addresses)
        self.asked += wanted
        return {one: self.pages.get(one) or OutboundFailed("unreachable") for one in wanted}


@dataclass(kw_only=True, slots=True)
class Registry:
    """The provider, and whoever speaks to it."""

    services: Services
    clock: Clock
    web: Web
    http: Http

    def send(
        self,
        method: str,
        path: str,
        document: object = None,
        *,
        token: str | None = None,
        address: str = "192.0.2.7",
        **options: Any,
    ) -> TestResponse:
        """Send one request; a document goes as JSON, a token as a bearer."""
        headers = options.pop("headers", {})
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if document is not None:
            options["json"] = document
        return self.http.open(
            path.removeprefix(ISSUER),
            method=method,
            base_url=ISSUER,
            headers=headers,
            environ_overrides={"REMOTE_ADDR": address},
            **options,
        )

    def register(self, token: str | None = None, **members: object) -> TestResponse:
        """Register a client of so many members; ``None`` takes one out."""
        return self.send("POST", "/register", a_document(**members), token=token)

    def registered(self, token: str | None = None, **members: object) -> dict[str, Any]:
        """Register a client that must be accepted."""
        answer = self.register(token, **members)
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json
        return told

    def invited(self, *, most: int = 1, expires_at: datetime | None = None) -> str:
        """Invite somebody; give the token."""
        token, digest = tokens.make(secrets.token_bytes)
        invitation = Invitation(
            digest=digest,
            most=most,
            created_at=START,
            expires_at=expires_at or START.replace(year=START.year + 1),
            by="operator:test",
        )
        with self.services.ledger.begin() as unit:
            unit.registrations.invite(invitation)
        return token

    def client(self, client_id: str) -> Client | None:
        """Look into the Ledger."""
        with self.services.ledger.read() as unit:
            return unit.clients.get(ClientId(client_id))


def a_document(**members: object) -> dict[str, object]:
    """What a library sends; ``None`` takes a member out."""
    document = {"redirect_uris": [CALLBACK], "client_name": "The shop", **members}
    return {name: value for name, value in document.items() if value is not None}


@contextmanager
def open_registry(
    folder: Path, *, environment: str = "test", ledger: str | None = None, **registration: object
) -> Iterator[Registry]:
    """Set up a deployment in a folder and open it; the options are those of the section.

    ``ledger`` is the URL of an empty database, where it is not to be a file.
    """
    clock = Clock()
    given = _settings(folder, environment, ledger, **{"mode": "open", **registration})
    world = _around(clock)
    if ledger is None:
        for name in (_LEDGER, _KEK):
            shutil.copy(_founded() / name, folder)
    else:
        found_keys(given, **world, by="test")
    services = build(given, **world)
    web = Web()
    if services.registration is not None:
        base = services.foundation
        desk = RegistrationDesk(
            given,
            ledger=base.ledger,
            ephemeral=base.ephemeral,
            fetch=web,
            pictures=web.pictures,
            now=clock,
            entropy=secrets.token_bytes,
        )
        services = replace(services, registration=desk)
    try:
        http = Http(create(services), use_cookies=False)
        yield Registry(services=services, clock=clock, web=web, http=http)
    finally:
        services.foundation.close()


def _settings(
    folder: Path, environment: str, ledger: str | None, **registration: object
) -> Settings:
    return Settings(
        environment=environment,
        issuer=ISSUER,
        stores={"ledger": ledger or f"sqlite:///{folder / _LEDGER}", "ephemeral": "memory:"},
        keys={
            "kek_file": folder / _KEK,
            # RSA keys take their time, and a database of its own is given for races alone.
            "algorithms": ["ES256"] if ledger else ["ES256", "RS256"],
        },
        card={"enabled": False},
        login={"seeded_sign_in": True},
        registration=registration,
    )


def _around(clock: Clock) -> dict[str, Any]:
    return {
        "now": clock,
        "monotonic": lambda: clock().timestamp(),
        "entropy": secrets.token_bytes,
    }


@cache
def _founded() -> Path:
    """Make the keys of all these deployments once: RSA keys take their time."""
    folder = Path(mkdtemp(prefix="sesame-registry-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    put_ledger(f"sqlite:///{folder / _LEDGER}")
    found_keys(_settings(folder, "test", None), **_around(Clock()), by="test")
    return folder
