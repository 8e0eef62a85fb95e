"""The whole provider as real processes for the length of a block, with the knobs of a story.

    with running(folder, service=True) as world:
        page = world.browser().get(world.service)
        world.clock.move(hours=9)
        world.revoke("adult")
        world.responder.down = True

Environment ``test``: every role reads the clock that the test moves, so nothing sleeps. The OCSP
responder answers from this process, so that a test may take it down or let it lie.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.services.components import loopback_port
from tests.world import cards, children
from tests.world.cards import World
from tests.world.children import Child
from tests.world.deployment import Deployment, Ports, Sites
from tests.world.ocsp import Desk, serving
from tests.world.relying_party.registration import document, own_key
from tests.world.scripted import Browser

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SEEDED = Path(__file__).with_name("seeded.toml")


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """The time of every role: the machine's and an offset, kept in a small file."""

    path: Path

    def move(self, **parts: float) -> None:
        """Go forward, as `datetime.timedelta` counts: ``move(hours=9)``; back with minus."""
        self.set(self.offset + dt.timedelta(**parts).total_seconds())

    def set(self, seconds: float) -> None:
        """Stand so many seconds from the machine's clock."""
        self._write(f"{seconds}")

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """Stop for the length of the block; then go on as if it had not taken any time."""
        stopped = self.now()
        self._write(f"@{stopped.timestamp()}")
        try:
            yield
        finally:
            self.set((stopped - dt.datetime.now(dt.UTC)).total_seconds())

    @property
    def offset(self) -> float:
        """Seconds from the machine's clock."""
        return float(self.path.read_text(encoding="ascii"))

    def _write(self, text: str) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_text(text, encoding="ascii")
        fresh.replace(self.path)

    def now(self) -> dt.datetime:
        """What every role takes the time to be, where it goes on."""
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.offset)


@dataclass(kw_only=True, slots=True)
class Running:
    """A provider that runs, and what is around it.

    Attributes:
        responder: turn its ``down`` and ``lies``; ``asked`` lists what it was asked.
    """

    deployment: Deployment
    world: World
    clock: Clock
    responder: Desk
    _stack: contextlib.ExitStack = field(repr=False)
    _provider: Child | None = field(default=None, repr=False)
    _others: list[Child] = field(default_factory=list, repr=False)

    @property
    def issuer(self) -> str:
        """The provider's address."""
        return self.deployment.issuer

    @property
    def service(self) -> str:
        """The e-service's address."""
        return self.deployment.service

    @property
    def agent(self) -> str:
        """The card agent's address."""
        return self.deployment.agent

    @property
    def provider_pid(self) -> int:
        """The process at the head of the provider's roles."""
        assert self._provider is not None
        return self._provider.process.pid

    def log(self) -> str:
        """What the provider has written."""
        return (self.deployment.log / "provider.log").read_text(encoding="utf-8")

    def browser(self, **options: Any) -> Browser:
        """A new scripted browser, closed at the end of the block."""
        return self._stack.enter_context(Browser(**options))

    def sesame(self, *arguments: str | Path) -> str:
        """Run an operator's command; see `Deployment.sesame`."""
        return self.deployment.sesame(*arguments)

    def register(self, registration: Mapping[str, object]) -> None:
        """Register a client, or change its registration."""
        self.deployment.register(registration)

    def revoke(self, card: str, *, suspended: bool = False) -> None:
        """Revoke a citizen's card from now on, or put it on hold."""
        self.world.revoke(card, at=self.clock.now(), suspended=suspended)

    # --- the provider's processes ---------------------------------------------------------------

    def start(self) -> None:
        """Start the provider and wait until it answers."""
        self._provider = self.deployment.start_provider()
        children.wait_until_ready([self._provider])

    def stop(self) -> None:
        """Stop the provider as an operator does, its requests answered."""
        if self._provider is not None:
            children.stop([self._provider], seconds=20)
            self._provider = None

    def kill(self) -> None:
        """End the provider as a power cut does."""
        assert self._provider is not None
        children.kill(self._provider)
        self._provider = None

    def end(self) -> None:
        """Stop everything."""
        self.stop()
        children.stop(self._others)
        self._others.clear()


@contextlib.contextmanager
def running(
    folder: Path,
    *,
    ledger: str | None = None,
    ephemeral: str | None = None,
    seeded: Path | None = SEEDED,
    service: bool = False,
    beside: bool = False,
    agent: bool = False,
    clients: Iterable[Mapping[str, object]] = (),
    settings: Mapping[str, Mapping[str, object]] | None = None,
    sites: Sites | None = None,
    steered: bool = True,
) -> Iterator[Running]:
    """Run a provider in a folder on free ports.

    Args:
        folder: an empty one; configuration, stores, cards and logs are kept there.
        ledger: a PostgreSQL URL; None for SQLite.
        ephemeral: a Redis URL; None for SQLite.
        seeded: the persons of the plain-form sign-in; None for a provider without that.
        service: run the e-service too.
        beside: run the library and the wine house beside it.
        agent: run the card agent too, over the citizens' cards.
        clients: registrations (RFC 7591 and the provider's own members) beside the e-service's.
        settings: more of them, by section: ``{"lifetimes": {"code": 30}}``.
        sites: public addresses by https; see `tests.services.tls_front`.
        steered: the clock can be moved, which costs every reading of it a file's reading.
    """
    ports = Ports(**{name: loopback_port() for name in Ports.__dataclass_fields__})
    clock = Clock(path=folder / "clock")
    clock.set(0)
    url = f"http://127.0.0.1:{ports.responder}"
    world = cards.copied(folder, base_url=url, at=clock.now())
    given = {name: dict(members) for name, members in (settings or {}).items()}
    if steered:
        given.setdefault("clock", {})["offset_file"] = str(clock.path.resolve())
    given.setdefault("login", {})["seeded_sign_in"] = seeded is not None
    given["login"].setdefault("opens_per_minute", 0)  # hundreds a second, all from one address
    deployment = Deployment(
        folder=folder,
        world=world,
        ports=ports,
        environment="test",
        ledger=ledger,
        ephemeral=ephemeral,
        more=given,
        sites=sites,
        inside=True,
    )
    with contextlib.ExitStack() as stack:
        desk = Desk(world.pki(), clock.now)
        stack.enter_context(serving(desk, port=ports.responder))
        made = Running(
            deployment=deployment, world=world, clock=clock, responder=desk, _stack=stack
        )
        stack.callback(made.end)
        _begin(made, deployment.beside if beside else (), service=service, agent=agent)
        made._provider = deployment.start_provider()
        if seeded is not None:
            deployment.sesame("people", "seed", seeded)
        if service:
            key, year = own_key(deployment.service_key), clock.now().year
            deployment.register(document(deployment.service, key, year=year))
            if beside:
                deployment.register_beside(year=year)
        for registration in clients:
            deployment.register(registration)
        children.wait_until_ready([made._provider, *made._others])
        yield made


def _begin(made: Running, beside: tuple[str, ...], *, service: bool, agent: bool) -> None:
    deployment = made.deployment
    deployment.write_configuration()
    if service:
        own_key(deployment.service_key)
        made._others.append(deployment.start_service("--clock", made.clock.path.resolve(), *beside))
    if agent:
        made._others.append(deployment.start_agent())
    deployment.sesame("setup")
