"""Browsers that wait, beside browsers that ask every second: ``python -m tests.bench waiting``.

One process of the waiting role holds ten thousand; logins are approved at a steady rate by another
process, as phones' answers are stored; a third is the crowd of browsers. The role runs on one core
with its store, the others on another. Asking is measured at the real status page, with a worker,
and reckoned up from few to many.
"""

from __future__ import annotations

import multiprocessing
import secrets
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from idp.login.turn import Visitor
from tests.bench import measure
from tests.bench.sections import put_section
from tests.bench.systems import DRIVER_CORE, SERVER_CORE, on_core
from tests.bench.waiting_crowd import room, wait_in_crowd
from tests.flows.waiting.role import COOKIE, opened_stores, running_role
from tests.services.components import needs
from tests.services.redis_server import running_redis

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from tests.flows.waiting.role import Role

BROWSERS: Final = 10_000
RATE: Final = 200
SECONDS: Final = 15
_POLLS: Final = 3000
_TITLE: Final = "## Waiting browsers"
_IDLE_SECONDS: Final = 5
_SPAWN: Final = multiprocessing.get_context("spawn")


@dataclass(frozen=True, kw_only=True, slots=True)
class Waited:
    """What holding a crowd cost, and how soon it was told.

    Attributes:
        coming: admitted browsers a second, while they all came at once.
        kilobytes: of the role's memory a browser.
        idle: share of a core while nothing happens, and ``busy`` while logins are approved.
        latency: from the begin of an approval's storing to the browser's news, in milliseconds.
        slowest: of these, in milliseconds.
        lost: approvals that a browser was not told of within three seconds.
    """

    store: str
    browsers: int
    approvals: int
    coming: float
    kilobytes: float
    idle: float
    busy: float
    latency: measure.Latency
    slowest: float
    lost: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Polled:
    """What asking costs: status questions answered per CPU-second of the provider."""

    store: str
    per_cpu_second: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """The two, side by side for each store."""

    waited: tuple[Waited, ...]
    polled: tuple[Polled, ...]


def figures(say: Callable[[str], object], *, browsers: int = BROWSERS) -> Figures:
    """Measure everything; fewer browsers where files are short, and ``say`` tells."""
    can = min(browsers, room())
    if can < browsers:
        say(f"open files leave room for {can} of {browsers} browsers")
    waited, polled = [], []
    with tempfile.TemporaryDirectory(prefix="sesame-bench-") as place:
        folder = Path(place)
        (folder / "redis").mkdir()
        with on_core(SERVER_CORE), running_redis(needs("redis-server"), folder / "redis") as url:
            for store, ephemeral in (("SQLite", None), ("Redis", url)):
                waited.append(_held(folder / f"{store}-wait", store, ephemeral, can))
                say(f"{store}: {_line(waited[-1])}")
                polled.append(_asked(folder / f"{store}-serve", store, ephemeral))
                say(f"{store}: {polled[-1].per_cpu_second:.0f} questions per CPU-second")
    return Figures(waited=tuple(waited), polled=tuple(polled))


# --- held -----------------------------------------------------------------------------------------


def _held(folder: Path, store: str, ephemeral: str | None, count: int) -> Waited:
    folder.mkdir()
    many = str(10 * count)
    with on_core(SERVER_CORE):
        running = running_role(
            folder,
            ephemeral=ephemeral,
            SESAME_WAITING__PER_ADDRESS=many,
            SESAME_WAITING__MOST=many,
        )
        role = running.__enter__()
    try:
        with on_core(DRIVER_CORE):
            return _with_crowd(role, store, ephemeral, count)
    finally:
        running.__exit__(None, None, None)


def _with_crowd(role: Role, store: str, ephemeral: str | None, count: int) -> Waited:
    logins = [role.login().tx.id for _ in range(count)]
    pid = role.process.pid
    empty = measure.memory_mb({pid})
    crowd, pipe = _child(wait_in_crowd, role.port, [role.request(login) for login in logins])
    seconds, admitted = pipe.recv()
    if admitted != count:
        raise RuntimeError(f"{admitted} of {count} browsers were admitted")
    kilobytes = (measure.memory_mb({pid}) - empty) * 1024 / count
    idle = _share(pid, lambda: time.sleep(_IDLE_SECONDS))
    chosen = secrets.SystemRandom().sample(range(count), min(count, RATE * SECONDS))
    phones, stored = _child(
        _approve, str(role.deployment.config), ephemeral, [logins[number] for number in chosen]
    )
    moments: list[float] = []
    busy = _share(pid, lambda: moments.extend(stored.recv()))
    pipe.send("end")
    news: list[list[float]] = pipe.recv()
    for child in (crowd, phones):
        child.join()
    delays = [
        news[number][0] - moment
        for number, moment in zip(chosen, moments, strict=True)
        if news[number]
    ]
    return Waited(
        store=store,
        browsers=count,
        approvals=len(chosen),
        coming=count / seconds,
        kilobytes=kilobytes,
        idle=idle,
        busy=busy,
        latency=measure.latency(delays),
        slowest=max(delays) * 1000,
        lost=len(chosen) - len(delays),
    )


def _child(
    do: Callable[..., None], *arguments: object
) -> tuple[multiprocessing.Process, Connection]:
    here, there = _SPAWN.Pipe()
    child = _SPAWN.Process(target=do, args=(there, *arguments), daemon=True)
    child.start()
    return child, here


def _share(pid: int, meanwhile: Callable[[], object]) -> float:
    """Give the share of a core that a process used meanwhile."""
    before, began = measure.cpu_seconds({pid}), time.monotonic()
    meanwhile()
    return (measure.cpu_seconds({pid}) - before) / (time.monotonic() - began)


def _approve(pipe: Connection, config: str, ephemeral: str | None, logins: list[str]) -> None:
    """Store a move of each login, ``RATE`` a second; give the moment when each storing began."""
    foundation, transactions = opened_stores(Path(config), ephemeral)
    visitor = Visitor(binding=COOKIE, session=None)
    held = [transactions.own(login, visitor) for login in logins]
    moments = []
    began = time.monotonic()
    for number, one in enumerate(held):
        time.sleep(max(0.0, began + number / RATE - time.monotonic()))
        moments.append(time.monotonic())
        transactions.move(one, replace(one.tx, language="fr"))
    pipe.send(moments)
    foundation.close()


# --- asked ----------------------------------------------------------------------------------------


def _asked(folder: Path, store: str, ephemeral: str | None) -> Polled:
    folder.mkdir()
    with on_core(SERVER_CORE):
        running = running_role(folder, "serve", ephemeral=ephemeral, SESAME_LISTEN__WORKERS="1")
        role = running.__enter__()
    try:
        with on_core(DRIVER_CORE):
            path = f"/login/{role.login().tx.id}/status"
            role.keep_asking(path, times=_POLLS // 10)
            pids = measure.family(role.process.pid)
            before = measure.cpu_seconds(pids)
            role.keep_asking(path, times=_POLLS)
            return Polled(
                store=store,
                per_cpu_second=_POLLS / (measure.cpu_seconds(pids) - before),
            )
    finally:
        running.__exit__(None, None, None)


# --- told -----------------------------------------------------------------------------------------


def section(found: Figures) -> str:
    """Write the section of the reference page."""
    held = "\n".join(_row(one) for one in found.waited)
    asking = "\n".join(_asking_row(one) for one in found.polled)
    approvals = found.waited[0].approvals
    return f"""{_TITLE}

Measured on {datetime.now(UTC):%d %B %Y} by `python -m tests.bench waiting`, which rewrites this
section alone. One process of `sesame wait` on one core; the browsers and the phones' answers come
from the other. {RATE} logins a second are approved, {approvals} in all, each waited for by one of
the browsers. The delay (p50 / p99 / slowest) is from the begin of the storing to the event at the
browser.

| store | browsers | kB each | admitted a second | delay, ms | core, idle | core, busy | lost |
|---|---:|---:|---:|---:|---:|---:|---:|
{held}

Memory is the role's own, in user space, before and after the browsers came. *Lost* are approvals
that a browser was not told of within three seconds.

The same browsers, asking the real status page every second: the questions that the provider answers
per CPU-second, measured with one connection, and the cores that {BROWSERS} browsers would take,
reckoned from it. Their mean delay is half a second, whatever the machine.

| store | questions per CPU-second | cores for {BROWSERS} browsers | mean delay, ms |
|---|---:|---:|---:|
{asking}
"""


def put_into(page: str, found: Figures) -> str:
    """Give the page with this section in the place of the former, or before the method."""
    return put_section(page, title=_TITLE, text=section(found))


def _row(one: Waited) -> str:
    delay = f"{one.latency.p50:.1f} / {one.latency.p99:.1f} / {one.slowest:.0f}"
    return (
        f"| {one.store} | {one.browsers} | {one.kilobytes:.1f} | {one.coming:.0f} | {delay} "
        f"| {one.idle:.1%} | {one.busy:.1%} | {one.lost} |"
    )


def _asking_row(one: Polled) -> str:
    cores = BROWSERS / one.per_cpu_second
    return f"| {one.store} | {one.per_cpu_second:.0f} | {cores:.1f} | 500 |"


def _line(one: Waited) -> str:
    return (
        f"{one.browsers} browsers, {one.kilobytes:.1f} kB each, {one.latency.p50:.1f} / "
        f"{one.latency.p99:.1f} ms, {one.busy:.1%} of a core, {one.lost} lost"
    )
