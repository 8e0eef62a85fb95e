"""Where the time of each request goes: ``python -m tests.bench where``.

The whole application in this process, one request at a time, SQLite on both sides of remembering.
What each part costs is the thread's own CPU time inside it, less what the parts inside it took; the
rest is the way of a request through our rules, Werkzeug and the interpreter.
"""

from __future__ import annotations

import contextlib
import io
import os
import sqlite3
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final
from unittest import mock
from urllib.parse import urlencode, urlsplit

from idp import log
from idp.app import application
from idp.store.embedded.ephemeral import EmbeddedEphemeral
from idp.store.encoding import Encoding
from idp.store.sql.sqlite import SqliteLink
from idp.web.pages import Pages
from keys.signer import Signer
from keys.store import SealedVault
from tests.bench.sections import put_section
from tests.bench.systems import ours, remember_consent
from tests.bench.work import Reply, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.work import Face

PARTS: Final = (
    "commits",
    "statements",
    "short-lived store",
    "sealing",
    "JSON of rows",
    "signing",
    "page",
    "log",
)
STEPS: Final = ("authorize", "sign-in page", "signing in", "token", "userinfo", "introspection")
_WARM_UP: Final = 60
_TIMES: Final = 300
_TITLE: Final = "## Where the time goes"
_TRANSACTIONS: Final = frozenset({"BEGIN", "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"})
_PATHS: Final = {
    "/authorize": "authorize",
    "/token": "token",
    "/userinfo": "userinfo",
    "/introspect": "introspection",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One request: milliseconds of CPU in all, and by part; medians of many."""

    name: str
    whole: float
    parts: Mapping[str, float]
    statements: float


@dataclass(slots=True)
class Watch:
    """Measures what runs inside what: each part is charged only what no inner part was."""

    spent: dict[str, float] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)
    _inner: list[float] = field(default_factory=list)

    def clear(self) -> None:
        """Begin anew."""
        self.spent.clear()
        self.counted.clear()

    def wrapped(self, part: str, doing: Callable[..., Any]) -> Callable[..., Any]:
        """Give the same function, watched."""

        def watched(*args: Any, **kwargs: Any) -> Any:
            self._inner.append(0.0)
            start = time.thread_time()
            try:
                return doing(*args, **kwargs)
            finally:
                taken = time.thread_time() - start
                own = taken - self._inner.pop()
                self.spent[part] = self.spent.get(part, 0.0) + own
                self.counted[part] = self.counted.get(part, 0) + 1
                if self._inner:
                    self._inner[-1] += taken

        return watched


class _Inside(Worker):
    """Asks the application itself, without a server between."""

    def __init__(self, face: Face, app: Any, watch: Watch) -> None:
        self._app = app
        self._watch = watch
        self.costs: dict[str, list[tuple[float, dict[str, float], int]]] = {}
        super().__init__(face)

    def connect(self) -> None:
        """There is nothing to connect to."""

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        sent = urlencode(body).encode() if body is not None else b""
        environ = self._environ(method, path, sent, headers or {})
        if body is not None:
            environ["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
        told: dict[str, Any] = {}

        def start_response(status: str, pairs: list[tuple[str, str]]) -> None:
            told.update(status=int(status.split(maxsplit=1)[0]), pairs=pairs)

        self._watch.clear()
        start = time.thread_time()
        answer = b"".join(self._app(environ, start_response))
        whole = time.thread_time() - start
        self.costs.setdefault(_step(method, path), []).append(
            (whole, dict(self._watch.spent), self._watch.counted.get("statements", 0))
        )
        location = None
        for name, value in told["pairs"]:
            if name.lower() == "location":
                location = value
            if name.lower() == "set-cookie":
                key, _, content = value.partition(";")[0].partition("=")
                self._jar[key] = content
        return Reply(status=told["status"], location=location, body=answer.decode())

    def _environ(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        asked, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": asked,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": str(self._face.port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": urlsplit(self._face.issuer).netloc,
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
        }
        if self._jar and not headers:
            environ["HTTP_COOKIE"] = "; ".join(f"{n}={value}" for n, value in self._jar.items())
        for name, value in headers.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return environ


def figures(say: Callable[[str], object]) -> tuple[Step, ...]:
    """Measure ``_TIMES`` logins."""
    say("where the time goes")
    with tempfile.TemporaryDirectory(prefix="sesame-bench-") as place:
        folder = Path(place) / "inside"
        folder.mkdir()
        with ours("inside", folder) as system:
            remember_consent(system)
            assert system.world is not None
            system.world.stop()
            configuration = system.world.deployment.configuration
            watch = Watch()
            with _watched(watch), mock.patch.dict(os.environ, SESAME_CONFIG=str(configuration)):
                worker = _Inside(system.face, application(), watch)
                return _measured(worker)


def _measured(worker: _Inside) -> tuple[Step, ...]:
    for _ in range(_WARM_UP):
        worker.login()
        worker.introspect()
    worker.costs.clear()
    for _ in range(_TIMES):
        worker.login()
        worker.introspect()
    steps = []
    for name in STEPS:
        costs = worker.costs[name]
        steps.append(
            Step(
                name=name,
                whole=1000 * median(whole for whole, _, _ in costs),
                parts={
                    part: 1000 * median(spent.get(part, 0.0) for _, spent, _ in costs)
                    for part in PARTS
                },
                statements=median(number for _, _, number in costs),
            )
        )
    return tuple(steps)


@contextlib.contextmanager
def _watched(watch: Watch) -> Iterator[None]:
    """Watch every part for the length of the block; the log goes nowhere."""

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            if sql in _TRANSACTIONS:
                return commit(self, sql)  # type: ignore[no-any-return]
            return super().execute(sql, *values)

    commit = watch.wrapped("commits", sqlite3.Connection.execute)
    connect = sqlite3.connect

    def connected(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        return connect(*args, factory=Connection, **kwargs)

    with contextlib.ExitStack() as on, Path(os.devnull).open("w", encoding="ascii") as nowhere:
        on.enter_context(mock.patch.object(sqlite3, "connect", connected))
        for part, owner, name in (
            ("statements", SqliteLink, "all"),
            ("statements", SqliteLink, "run"),
            ("short-lived store", EmbeddedEphemeral, "_run"),
            ("sealing", SealedVault, "seal"),
            ("sealing", SealedVault, "open"),
            ("sealing", SealedVault, "fingerprint"),
            ("JSON of rows", Encoding, "encode"),
            ("JSON of rows", Encoding, "decode"),
            ("signing", Signer, "sign"),
            ("page", Pages, "show"),
            ("log", log, "write"),
        ):
            doing = getattr(owner, name)
            on.enter_context(mock.patch.object(owner, name, watch.wrapped(part, doing)))
        on.enter_context(contextlib.redirect_stderr(nowhere))
        yield


def _step(method: str, path: str) -> str:
    asked = path.partition("?")[0]
    if asked.startswith("/login/"):
        return "signing in" if method == "POST" else "sign-in page"
    return _PATHS.get(asked, asked)


def section(found: tuple[Step, ...]) -> str:
    """Write the section of the reference page."""
    head = " | ".join(PARTS)
    rows = [_row(one) for one in found]
    login = found[:-1]
    rows.append(
        _row(
            Step(
                name="**whole login**",
                whole=sum(one.whole for one in login),
                parts={part: sum(one.parts[part] for one in login) for part in PARTS},
                statements=sum(one.statements for one in login),
            )
        )
    )
    return f"""{_TITLE}

Measured on {datetime.now(UTC):%d %B %Y} by `python -m tests.bench where`, which rewrites this
section alone: the whole application in one process without a server, one request at a time, SQLite;
medians of {_TIMES} logins; milliseconds of the thread's CPU, each part less the parts inside it.
*The rest* is the request's own way: Werkzeug, our rules, small values made and compared, the
interpreter. Watching itself costs a little, so that sums are higher than unwatched.

| request | whole | {head} | the rest | SQL statements |
|---|---:|{"---:|" * len(PARTS)}---:|---:|
{chr(10).join(rows)}
"""


def put_into(page: str, found: tuple[Step, ...]) -> str:
    """Give the page with this section in the place of the former, or before the method."""
    return put_section(page, title=_TITLE, text=section(found))


def _row(step: Step) -> str:
    cells = " | ".join(f"{step.parts[part]:.2f}" for part in PARTS)
    rest = step.whole - sum(step.parts.values())
    return f"| {step.name} | {step.whole:.2f} | {cells} | {rest:.2f} | {step.statements:.0f} |"
