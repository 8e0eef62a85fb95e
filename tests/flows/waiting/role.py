"""The waiting role as a process, and a browser that waits there with a plain socket."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from idp.config import load
from idp.domain.event import MethodName
from idp.domain.request import AuthorizationRequest, ResponseMode
from idp.foundation import Foundation, lay
from idp.login.transactions import Transactions, fingerprint
from idp.login.turn import Visitor
from idp.runtime import system_entropy, system_monotonic, system_now
from tests.contract.store.stand_ins import SHOP, a_client
from tests.services.components import loopback_port
from tests.unit.cli.deployed import Deployment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idp.login.transactions import Held

ROOT = Path(__file__).parents[3]
BOUND = 60.0
COOKIE = "the-browser"


class Stream:
    """A browser's connection, read event by event."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=BOUND)
        self._unread = b""

    def send(self, text: bytes) -> None:
        self.socket.sendall(text)

    def head(self) -> bytes:
        return self._until(b"\r\n\r\n")

    @property
    def status(self) -> int:
        return int(self.head().split()[1])

    def event(self) -> str:
        """The next event, or line about retrying; empty at the end."""
        while (text := self._until(b"\n\n").decode()) == "event: ping\ndata:":
            pass
        return text.partition("\n")[0].removeprefix("event: ")

    def _until(self, end: bytes) -> bytes:
        while end not in self._unread:
            more = self.socket.recv(4096)
            if not more:
                end, self._unread = b"", self._unread
                break
            self._unread += more
        found, _, self._unread = self._unread.partition(end) if end else (self._unread, b"", b"")
        return found


@dataclass(kw_only=True)
class Role:
    """``sesame wait``, or every role, over a deployment of its own."""

    deployment: Deployment
    port: int
    health_port: int
    process: subprocess.Popen[bytes]
    foundation: Foundation
    transactions: Transactions
    command: tuple[str, ...]
    streams: list[Stream] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where pages find the role."""
        return f"http://localhost:{self.port}"

    def stream(self) -> Stream:
        """A connection that lasts until its end, or the role's."""
        self.streams.append(Stream(self.port))
        return self.streams[-1]

    def wait(self, login: str, *more: str, cookie: str = COOKIE) -> Stream:
        """Ask to wait for a login."""
        stream = self.stream()
        stream.send(self.request(login, *more, cookie=cookie))
        return stream

    def request(self, login: str, *more: str, cookie: str = COOKIE) -> bytes:
        lines = [f"GET /wait/{login} HTTP/1.1", f"Host: localhost:{self.port}"]
        lines += [f"Cookie: sesame_browser={cookie}", *more, "", ""]
        return "\r\n".join(lines).encode()

    def admitted(self, login: str) -> Stream:
        """Wait for a login, and be admitted."""
        stream = self.wait(login)
        assert stream.status == 200
        assert stream.event() == "ready"
        return stream

    def login(self) -> Held:
        """A login by phone that a browser began."""
        request = AuthorizationRequest(
            client_id=SHOP,
            redirect_uri="https://shop.example/cb",
            response_mode=ResponseMode.QUERY,
            scopes=("openid",),
        )
        made = self.transactions.begin(request, binding=fingerprint(COOKIE), language="en")
        tx = self.transactions.keep(replace(made, method=MethodName.MOBILE))
        return self.transactions.own(tx.id, Visitor(binding=COOKIE, session=None))

    def ready(self) -> bool:
        """Say whether the role is, and the workers where there are any."""
        doors = []
        if self.command[0] == "wait" or "--all" in self.command:
            doors.append((self.health_port, "/ready"))
        if self.command[0] == "serve":
            doors.append((self.deployment.health_port, "/ready"))
            doors.append((self.deployment.port, "/.well-known/openid-configuration"))
        with contextlib.suppress(OSError):
            return all(self.asked(*door)[0] == 200 for door in doors)
        return False

    def keep_asking(self, path: str, *, times: int) -> None:
        """Ask a worker again and again over one connection, as one of its browsers."""
        port = self.deployment.port
        fields = {"Host": f"localhost:{port}", "Cookie": f"sesame_browser={COOKIE}"}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=BOUND)
        with contextlib.closing(connection):
            for _ in range(times):
                connection.request("GET", path, headers=fields)
                answer = connection.getresponse()
                told = answer.read()
                assert answer.status == 200, told

    @staticmethod
    def asked(port: int, path: str, **fields: str) -> tuple[int, dict[str, object]]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=BOUND)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"Host": f"localhost:{port}", **fields})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())


@contextlib.contextmanager
def running_role(
    folder: Path, *command: str, ephemeral: str | None = None, **variables: str
) -> Iterator[Role]:
    """Run a command, ``wait`` if none is given, until the block ends."""
    port, health_port = loopback_port(), loopback_port()
    deployment = Deployment(folder=folder)
    deployment.variables = {
        "SESAME_WAITING__URL": f"http://localhost:{port}",
        "SESAME_WAITING__PORT": str(port),
        "SESAME_WAITING__HEALTH_PORT": str(health_port),
        **variables,
    }
    if ephemeral is not None:
        deployment.variables["SESAME_STORES__EPHEMERAL"] = ephemeral
    result = deployment.run("setup")
    assert result.exit_code == 0, result.output
    foundation, transactions = opened_stores(deployment.config, ephemeral)
    with foundation.ledger.begin() as unit:
        unit.clients.add(a_client())
    log = (folder / "log").open("wb")
    with log, contextlib.closing(foundation):
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "idp", *(command or ("wait",))],
            env=deployment.environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        role = Role(
            deployment=deployment,
            port=port,
            health_port=health_port,
            process=process,
            foundation=foundation,
            command=command or ("wait",),
            transactions=transactions,
        )
        try:
            _await_ready(role, folder)
            yield role
        finally:
            process.terminate()
            process.wait(30)
            for stream in role.streams:
                stream.socket.close()


def opened_stores(config: Path, ephemeral: str | None) -> tuple[Foundation, Transactions]:
    """Open what a deployment stands on, as one more of its processes."""
    settings = load(config)
    if ephemeral is not None:
        stores = settings.stores.model_copy(update={"ephemeral": ephemeral})
        settings = settings.model_copy(update={"stores": stores})
    foundation = lay(settings, now=system_now, monotonic=system_monotonic, entropy=system_entropy)
    transactions = Transactions(
        foundation.ephemeral,
        foundation.vault,
        life=settings.lifetimes.transaction,
        now=system_now,
        entropy=system_entropy,
    )
    return foundation, transactions


def _await_ready(role: Role, folder: Path) -> None:
    ends = time.monotonic() + BOUND
    while not role.ready():
        said = (folder / "log").read_text(encoding="utf-8")
        assert role.process.poll() is None, said
        assert time.monotonic() < ends, said
        time.sleep(0.02)
