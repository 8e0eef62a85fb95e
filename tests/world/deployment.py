"""One deployment of the provider in a folder: its configuration, its commands, its processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from click.testing import CliRunner

from idp.cli import main
from tests.world import children
from tests.world.cards import World
from tests.world.children import ROOT, Child
from tests.world.relying_party.registration import document, key_of, own_key
from tests.world.relying_party.services import SERVICES

SESAME = Path(sys.executable).with_name("sesame")


class CommandFailed(Exception):
    """A ``sesame`` command refused; the message is what it said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """Where everything listens, on loopback."""

    provider: int = 8400
    service: int = 8401
    library: int = 8406
    wine: int = 8407
    agent: int = 8403
    waiting: int = 8404
    responder: int = 8405
    health: int = 8409
    watch: int = 8410


@dataclass(frozen=True, kw_only=True, slots=True)
class Sites:
    """Public addresses by https, behind a TLS terminator on loopback.

    Attributes:
        front: the terminator's port.
        ca: the certificate that its own are issued by.
    """

    issuer: str
    service: str
    front: int
    ca: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """What is deployed, and where.

    Attributes:
        folder: keeps configuration, stores, keys and logs.
        environment: ``demo`` or ``test``.
        ledger: a database URL; None for SQLite in the folder.
        ephemeral: a store's URL; None for SQLite in the folder.
        more: further settings, by section, as in the configuration file.
        sites: addresses by https; None for ports of ``localhost``.
        inside: run commands in this process: starting one for each is most of a story's waiting.
    """

    folder: Path
    world: World
    ports: Ports = field(default_factory=Ports)
    environment: str = "demo"
    ledger: str | None = None
    ephemeral: str | None = None
    more: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    sites: Sites | None = None
    inside: bool = False

    @property
    def issuer(self) -> str:
        """The provider's address."""
        if self.sites is not None:
            return self.sites.issuer
        return f"http://localhost:{self.ports.provider}"

    @property
    def service(self) -> str:
        """The e-service's address."""
        if self.sites is not None:
            return self.sites.service
        return f"http://localhost:{self.ports.service}"

    @property
    def agent(self) -> str:
        """The card agent's address."""
        return f"http://127.0.0.1:{self.ports.agent}"

    @property
    def configuration(self) -> Path:
        """The provider's configuration file."""
        return self.folder / f"{self.environment}.toml"

    @property
    def log(self) -> Path:
        """The folder of the children's output."""
        return self.folder / "log"

    # --- configuring ----------------------------------------------------------------------------

    def write_configuration(self) -> None:
        """Write the provider's configuration."""
        lines = [
            f"# Written by tests/world for the {self.environment} environment, at every start.",
            f"environment = {_toml(self.environment)}",
            f"issuer = {_toml(self.issuer)}",
        ]
        for name, members in self._sections().items():
            lines += ["", f"[{name}]"]
            lines += [f"{key} = {_toml(value)}" for key, value in members.items()]
        self.configuration.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _sections(self) -> dict[str, dict[str, object]]:
        folder = self.folder.resolve()
        sections: dict[str, dict[str, object]] = {
            "listen": {"port": self.ports.provider, "health_port": self.ports.health},
            "stores": {
                "ledger": self.ledger or f"sqlite:///{folder}/ledger.sqlite",
                "ephemeral": self.ephemeral or f"sqlite:///{folder}/ephemeral.sqlite",
            },
            "keys": {"kek_file": str(folder / "kek")},
            "card": {
                "trust": str(self.world.trust.resolve()),
                "agent_url": self.agent,
                "allow_simulated_trust_root": True,
                "allow_http_localhost": True,
            },
            "outbound": {
                "allow": [f"127.0.0.1:{port}" for port in (self.ports.responder, *self._told)]
            },
        }
        if self.environment == "demo":  # a story that waits says so itself
            sections["waiting"] = self.waiting
        for name, members in self.more.items():
            sections.setdefault(name, {}).update(members)
        return sections

    @property
    def waiting(self) -> dict[str, object]:
        """The settings by which browsers wait at a port of their own."""
        return {
            "url": f"http://localhost:{self.ports.waiting}",
            "port": self.ports.waiting,
            "health_port": self.ports.watch,
        }

    @property
    def _told(self) -> tuple[int, ...]:
        """The ports of the e-services, which are told of logouts."""
        return self.ports.service, self.ports.library, self.ports.wine

    def environ(self) -> dict[str, str]:
        """The environment of every process: nothing of the caller's own settings reaches them."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("SESAME_")}
        return {**ours, "SESAME_CONFIG": str(self.configuration.resolve())}

    # --- commands -------------------------------------------------------------------------------

    def sesame(self, *arguments: str | Path) -> str:
        """Run a command to its end and give what it printed.

        Raises:
            CommandFailed: it refused.
        """
        run = self._inside if self.inside else self._beside_us
        code, said, complaint = run(arguments)
        if code != 0:
            words = " ".join(str(argument) for argument in arguments[:3])
            raise CommandFailed(f"sesame {words}: {(complaint or said).strip()}")
        return said

    def _beside_us(self, arguments: tuple[str | Path, ...]) -> tuple[int, str, str]:
        done = subprocess.run(
            [SESAME, *arguments],
            cwd=ROOT,
            env=self.environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def _inside(self, arguments: tuple[str | Path, ...]) -> tuple[int, str, str]:
        theirs = {name: None for name in os.environ if name.startswith("SESAME_")}
        runner = CliRunner(env={**theirs, "SESAME_CONFIG": str(self.configuration.resolve())})
        done = runner.invoke(main, [str(each) for each in arguments], prog_name="sesame")
        return done.exit_code, done.stdout, done.stderr or repr(done.exception)

    def asked(self, *arguments: str | Path) -> Any:
        """Run a command that answers in JSON."""
        return json.loads(self.sesame(*arguments, "--json"))

    def register(self, document: Mapping[str, object]) -> None:
        """Register a client, or make its registration what the document says; idempotent."""
        client_id = str(document["client_id"])
        path = self.folder / f"{client_id}.json"
        known = path.exists()
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")
        add = ("clients", "add", "--from", path)
        edit = ("clients", "edit", client_id, "--from", path, "--yes")
        # The likelier one first: each is a process, and somebody waits.
        try:
            self.sesame(*(edit if known else add))
        except CommandFailed:
            self.sesame(*(add if known else edit))

    def register_beside(self, *, year: int) -> None:
        """Register the e-services beside the municipality, each with a key of its own."""
        for service, address in self._beside.items():
            key = own_key(key_of(SERVICES[service], self.service_key))
            self.register(document(address, key, year=year, service=SERVICES[service]))

    @property
    def library(self) -> str:
        """The address of the e-service that reads birthday and address of a card."""
        return f"http://localhost:{self.ports.library}"

    @property
    def wine_house(self) -> str:
        """The address of the e-service for adults."""
        return f"http://localhost:{self.ports.wine}"

    @property
    def _beside(self) -> dict[str, str]:
        return {"library": self.library, "wine": self.wine_house}

    @property
    def beside(self) -> tuple[str, ...]:
        """What ``start_service`` is told, to serve those as well."""
        return tuple(
            f"--beside={name}={urlsplit(address).port}" for name, address in self._beside.items()
        )

    # --- processes ------------------------------------------------------------------------------

    def start_provider(self) -> Child:
        """Start the provider with every role."""
        return children.start(
            "provider",
            [SESAME, "serve", "--all"],
            ready=self._ready,
            log=self.log / "provider.log",
            environ=self.environ(),
        )

    @property
    def _ready(self) -> tuple[str, ...]:
        public = f"{self.issuer}/.well-known/openid-configuration"
        health = f"http://127.0.0.1:{self.ports.health}/ready"
        if self.sites is not None:
            return (health,)  # the public address is the terminator's
        # Readiness compares the clock with the database's, and a test may have moved it.
        if self.environment == "test":
            return (public,)
        return (public, health, f"http://127.0.0.1:{self.ports.watch}/ready")

    def start_service(self, *more: str | Path) -> Child:
        """Start the e-service, which is content with a phone in the demo."""
        if self.environment == "demo":
            more = ("--phone", *more)
        if self.sites is not None:
            there = f"{urlsplit(self.issuer).hostname}=127.0.0.1:{self.sites.front}"
            more = ("--address", self.service, "--reach", there, "--ca", self.sites.ca, *more)
        return children.start(
            "e-service",
            [
                *(sys.executable, "-m", "tests.world.relying_party", "--issuer", self.issuer),
                *("--port", str(self.ports.service), "--key", self.service_key, *more),
            ],
            ready=f"http://127.0.0.1:{self.ports.service}/static/town-hall.svg",
            log=self.log / "e-service.log",
            environ=self.environ(),
        )

    @property
    def service_key(self) -> Path:
        """The e-service's own private key."""
        return self.folder.resolve() / "service" / "key.pem"

    def start_agent(self, *more: str) -> Child:
        """Start the card agent with the citizens' cards; it signs for the provider alone."""
        return children.start(
            "card agent",
            [
                *(SESAME, "agent", "run", "--cards", self.world.cards.resolve()),
                *("--port", str(self.ports.agent), "--allow-origin", self.issuer),
                *("--allow-http-localhost", *more),
            ],
            ready=f"{self.agent}/",
            log=self.log / "card-agent.log",
            environ=self.environ(),
        )

    def start_responder(self) -> Child:
        """Start the country's OCSP responder."""
        port = str(self.ports.responder)
        return children.start(
            "responder",
            [
                *(sys.executable, "-m", "tests.world.ocsp"),
                *("--folder", self.world.country.resolve(), "--port", port),
            ],
            ready=f"http://127.0.0.1:{port}/crt/root-new",
            log=self.log / "responder.log",
            environ=self.environ(),
        )


def _toml(value: object) -> str:
    """Write a text, number, flag or list of these; TOML and JSON write them alike."""
    return json.dumps(value, ensure_ascii=False)
