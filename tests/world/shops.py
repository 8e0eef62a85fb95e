"""A running provider for protocol tests, with a client of every kind registered at it."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from idp.cli.clients import clients
from tests.world.client import Client, Heard
from tests.world.running import Running, running
from tests.world.wire import ask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from click.testing import Result

KINDS: Mapping[str, Mapping[str, str]] = {
    "shop": {},
    "shop-ps256": {"algorithm": "PS256", "id_token_algorithm": "PS256"},
    "shop-eddsa": {"algorithm": "EdDSA", "id_token_algorithm": "EdDSA"},
    "shop-ed25519": {"algorithm": "Ed25519"},
    "shop-rs256": {"algorithm": "RS256", "id_token_algorithm": "RS256"},
    "shop-basic": {"auth": "client_secret_basic"},
    "shop-post": {"auth": "client_secret_post"},
    "shop-app": {"auth": "none"},
}
"""A client for each way to prove itself, and for each algorithm."""


@dataclass(kw_only=True, slots=True)
class Shops:
    """The provider, its clients, and every secret that they have heard."""

    world: Running
    heard: Heard = field(default_factory=Heard)
    known: dict[str, Client] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Client:
        return self.known[name]

    def metadata(self) -> dict[str, Any]:
        """The discovery document."""
        return ask(self.world.issuer, "GET", "/.well-known/openid-configuration").json

    def add(
        self,
        name: str,
        *,
        changes: Mapping[str, object] | None = None,
        approve: bool = False,
        **kind: str,
    ) -> Client:
        """Register a client; `Client` says what ``kind`` may hold."""
        client = Client(
            issuer=self.world.issuer, id=name, now=self.world.clock.now, heard=self.heard, **kind
        )
        more = ("--approve-public-subject",) if approve else ()
        answer = self.operate("add", *more, document=client.registration(**(changes or {})))
        client.secret = answer.get("client_secret")
        self.heard.note(client.secret)
        self.known[name] = client
        return client

    def operate(self, *words: str, document: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Run a verb of ``sesame clients`` in this process, which is quicker than in another."""
        done = self._run(words, document)
        assert done.exit_code == 0, done.output
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def refused(self, *words: str, document: Mapping[str, object]) -> str:
        """Run a verb that must refuse; give what it said."""
        done = self._run(words, document)
        assert done.exit_code == 1, done.output
        return done.output

    def _run(self, words: tuple[str, ...], document: Mapping[str, object] | None) -> Result:
        deployment = self.world.deployment
        given = list(words)
        if document is not None:
            path = deployment.folder / "registration.json"
            path.write_text(json.dumps(document), encoding="utf-8")
            given += ["--from", str(path)]
        given += ["--config", str(deployment.configuration), "--json"]
        return CliRunner().invoke(clients, given)


@contextlib.contextmanager
def shops(folder: Path, *names: str, **options: Any) -> Iterator[Shops]:
    """Run a provider with these clients of `KINDS`; the options are `running`'s."""
    with running(folder, **options) as world:
        made = Shops(world=world)
        for name in names:
            made.add(name, **KINDS[name])
        yield made
