"""The systems that are measured: ours in two deployments, the peer in two, each pinned to a core.

The server process and everything it talks to (Redis, PostgreSQL) run on one core; the driver runs
on the other. A system knows which processes are its own, so that their CPU time is counted.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from joserfc.jwk import ECKey

from tests.bench.measure import family
from tests.bench.work import CALLBACK, CLIENT, SCOPE, Face
from tests.services.components import loopback_port, needs
from tests.services.postgres_server import running_postgres
from tests.services.redis_server import running_redis
from tests.world.running import SEEDED, Running, running
from tests.world.scripted import Browser

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER_CORE: Final = 1
DRIVER_CORE: Final = 0
_NPM: Final = Path(__file__).parents[1] / "npm"
_OURS: Final = {
    "authorize": "/authorize",
    "token": "/token",
    "userinfo": "/userinfo",
    "introspect": "/introspect",
    "jwks": "/jwks",
}
_PEER: Final = {
    "authorize": "/auth",
    "token": "/token",
    "userinfo": "/me",
    "introspect": "/token/introspection",
    "jwks": "/jwks",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class System:
    """One that runs now.

    Attributes:
        face: how to ask it.
        worker: the pids that answer requests: their memory is reported.
        all: gives every pid whose CPU time counts, at the moment of asking.
    """

    name: str
    face: Face
    worker: Callable[[], set[int]]
    all: Callable[[], set[int]]
    world: Running | None = None


@contextlib.contextmanager
def on_core(core: int) -> Iterator[None]:
    """Let what is started inside the block run on one core only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core} & before or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def ours(
    name: str,
    folder: Path,
    *,
    ledger: str | None = None,
    ephemeral: str | None = None,
    cards: bool = False,
) -> Iterator[System]:
    """Our provider with one worker: by the test sign-in, or by cards alone."""
    with on_core(SERVER_CORE):
        world = contextlib.ExitStack()
        made = world.enter_context(
            running(
                folder,
                ledger=ledger,
                ephemeral=ephemeral,
                clients=[_registration()],
                settings={
                    "listen": {"workers": 1, "threads": 4},
                    "card": {"enabled": cards},
                },
                seeded=None if cards else SEEDED,
                steered=False,
            )
        )
    with world:
        issued = json.loads(made.sesame("clients", "secret", "add", CLIENT, "--json"))
        face = Face(
            name=name,
            issuer=made.issuer,
            port=made.deployment.ports.provider,
            secret=issued["client_secret"],
            paths=_OURS,
        )

        def pids() -> set[int]:
            return family(made.provider_pid)

        yield System(name=name, face=face, worker=pids, all=pids, world=made)


@contextlib.contextmanager
def peer(name: str, *, redis: str | None) -> Iterator[System]:
    """npm oidc-provider, one process."""
    port = loopback_port()
    issuer = f"http://localhost:{port}"
    secret = os.urandom(32).hex()
    key = ECKey.generate_key("P-256", {"kid": "bench", "alg": "ES256", "use": "sig"})
    settings = {
        "issuer": issuer,
        "port": port,
        "redis": redis,
        "jwk": key.as_dict(private=True),
        "client": {
            "client_id": CLIENT,
            "client_secret": secret,
            "redirect_uris": [CALLBACK],
            "response_types": ["code"],
            "grant_types": ["authorization_code"],
            "scope": SCOPE,
            "id_token_signed_response_alg": "ES256",
            "token_endpoint_auth_method": "client_secret_basic",
        },
    }
    with on_core(SERVER_CORE):
        process = subprocess.Popen(
            [Path(sys.executable).with_name("node"), "bench_peer.mjs", json.dumps(settings)],
            cwd=_NPM,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    with process:
        assert process.stdout is not None
        assert process.stdin is not None
        while process.stdout.readline().strip() != "ready":
            if process.poll() is not None:
                raise RuntimeError("the peer did not start")
        face = Face(name=name, issuer=issuer, port=port, secret=secret, paths=_PEER)
        yield System(
            name=name,
            face=face,
            worker=lambda: family(process.pid),
            all=lambda: family(process.pid),
        )
        process.stdin.close()
        process.wait(timeout=10)


def remember_consent(system: System) -> None:
    """Agree once, so that every measured login finds the agreement; the peer does it itself."""
    if system.world is None:
        return
    with Browser(stops=(CALLBACK,)) as browser:
        asked = system.face.authorization(verifier="v" * 43, state="agree")
        page = browser.get(f"{system.face.issuer}{asked}")
        page = page.form("seeded").submit(username="nora")
        page = page.form("consent").submit(remember="1")
        if "code" not in page.parameters:
            raise RuntimeError(page.text[:500])


def with_pids(system: System, *others: Callable[[], set[int]]) -> System:
    """The same system, with the servers it talks to counted in."""
    return System(
        name=system.name,
        face=system.face,
        worker=system.worker,
        all=lambda: system.all().union(*(other() for other in others)),
        world=system.world,
    )


@contextlib.contextmanager
def redis_and_pids(folder: Path) -> Iterator[tuple[str, Callable[[], set[int]]]]:
    """A Redis on the servers' core, and its pids."""
    with on_core(SERVER_CORE), running_redis(needs("redis-server"), folder) as url:
        pid = int(_redis_pid(url))
        yield url, lambda: family(pid)


@contextlib.contextmanager
def postgres_and_pids() -> Iterator[tuple[str, Callable[[], set[int]]]]:
    """A PostgreSQL on the servers' core with an empty database, and its pids."""
    import psycopg

    with on_core(SERVER_CORE), running_postgres(needs("initdb")) as url:
        plain = url.replace("+psycopg", "")
        with psycopg.connect(f"{plain}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE bench")
            row = connection.execute("SELECT pg_backend_pid()").fetchone()
            assert row is not None
            parent = _parent_of(int(row[0]))
        yield f"{plain}/bench", lambda: family(parent)


def _registration() -> dict[str, object]:
    reason = dict.fromkeys(("nl", "fr", "de", "en"), "Bench")
    return {
        "client_id": CLIENT,
        "client_name": reason,
        "sector": "bench.example",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "scope": SCOPE,
        "purposes": [
            {"name": "bench", "reason": reason, "claims": ["name", "given_name", "family_name"]}
        ],
    }


def _redis_pid(url: str) -> str:
    import redis

    with redis.Redis.from_url(url) as client:
        return str(client.info("server")["process_id"])


def _parent_of(pid: int) -> int:
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return int(text.rpartition(")")[2].split()[1])
