"""What the doctor looks at, each on its own: a verdict, and how to mend what is wrong."""

from __future__ import annotations

import http.client
import json
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from cardreader.trust import anchors, belgium
from idp.audit.verify import verify_end
from idp.cli import ports
from idp.cli.deployment import clock_of
from idp.cli.health import CLOCKS_APART
from idp.config import Environment
from idp.domain.places import Nowhere
from idp.housekeeper.jobs import NAMES
from idp.oidc.profiles.keeping import broken
from idp.runtime import system_monotonic
from idp.store.places import PlacesUnreadable, open_places
from idp.store.sql.urls import sqlite_path
from keys.ports import State
from keys.states import outlook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from idp.config import Settings
    from idp.foundation import Foundation

Verdict = Literal["ok", "warn", "fail"]

_LATE: Final = timedelta(minutes=5)
_UNSEALED: Final = timedelta(minutes=1)
_QUICK_ROWS: Final = 1000
_DISK_FAIL: Final = 200 * 2**20
_DISK_WARN: Final = 2**30
_ASK_SECONDS: Final = 3.0
_CLOCK_WARN: Final = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One line. ``mend`` says what to do, where something is to be done."""

    part: str
    verdict: Verdict
    says: str
    mend: str = ""


def ok(part: str, says: str) -> Finding:
    """Give a finding that needs nothing."""
    return Finding(part=part, verdict="ok", says=says)


def warn(part: str, says: str, mend: str) -> Finding:
    """Give a finding that works but should not stay."""
    return Finding(part=part, verdict="warn", says=says, mend=mend)


def fail(part: str, says: str, mend: str) -> Finding:
    """Give a finding that stops logins, or makes them unsafe."""
    return Finding(part=part, verdict="fail", says=says, mend=mend)


def configuration(settings: Settings) -> Iterator[Finding]:
    """Look at what may be said but should not be left so."""
    yield ok("configuration", f"{settings.environment.value}, issuer {settings.issuer}")
    if not (settings.card.enabled or settings.login.seeded_sign_in):
        yield fail("configuration", "nobody could log in", "set card.enabled")
    if settings.environment is not Environment.PRODUCTION:
        yield warn(
            "configuration",
            f"the environment {settings.environment.value} allows what production refuses",
            'set environment = "production" before real people sign in',
        )
    if settings.listen.host not in {"127.0.0.1", "::1", "localhost"}:
        yield warn(
            "configuration",
            f"listens on {settings.listen.host} without TLS of its own",
            "let a proxy on this machine end TLS, and set listen.host to 127.0.0.1",
        )
    elif settings.issuer.startswith("https:") and not settings.proxy.trusted:
        yield warn(
            "configuration",
            "no proxy is trusted, so every client seems to come from this machine",
            "name the TLS proxy's network in proxy.trusted",
        )


def certificates(settings: Settings) -> Iterator[Finding]:
    """Look whether the header of client certificates has one spelling alone."""
    mtls = settings.mtls
    if not mtls.enabled:
        return
    names = (mtls.header, mtls.chain_header) if mtls.chain == "told" else (mtls.header,)
    doubtful = [name for name in names if "-" in name]
    for name in doubtful:
        yield warn(
            "certificates",
            f"{name} can also be spelt {name.replace('-', '_')}, and looks the same to a worker",
            "give it a name without hyphens, or let the proxy drop names with underscores",
        )
    if not doubtful:
        yield ok("certificates", f"{mtls.header} is believed from {', '.join(mtls.proxies)}")


def trust(settings: Settings) -> Iterator[Finding]:
    """Look whether the trust folder can be loaded."""
    if not settings.card.enabled:
        yield ok("trust", "the card is not offered")
        return
    try:
        loaded = anchors.load(
            settings.card.trust, allow_simulated=settings.card.allow_simulated_trust_root
        )
    except (anchors.TrustMalformed, OSError, ValueError) as error:
        yield fail("trust", str(error), f"put the trust configuration in {settings.card.trust}")
        return
    yield ok("trust", f"{settings.card.trust} loads")
    if not any(root.simulated for root in loaded.roots):
        labels = [root.label for root in loaded.roots]
        yield from _belgian_roots(labels, now=clock_of(settings)())


def _belgian_roots(labels: list[str], *, now: datetime) -> Iterator[Finding]:
    missing = belgium.absent(labels, now=now)
    if missing:
        yield warn(
            "trust",
            f"not trusted: {', '.join(root.common_name for root in missing)}",
            "without them their cards are refused: see docs/reference/trust.md",
        )


def networks(settings: Settings) -> Iterator[Finding]:
    """Look whether the files of networks can be read, where any is named."""
    try:
        known = open_places(settings, monotonic=system_monotonic)
    except PlacesUnreadable as error:
        yield fail("networks", str(error), "put the file in place, or leave the setting out")
        return
    if not isinstance(known, Nowhere):
        yield ok("networks", "the files of networks can be read")


def listeners(settings: Settings) -> Iterator[Finding]:
    """Look whether the ports are free, or ours."""
    failing = _asked(settings.listen.health_port)
    if failing is not None:
        if failing:
            said = "; ".join(f"{part}: {why}" for part, why in sorted(failing.items()))
            yield fail("serve", f"running, not ready: {said}", "mend the parts it names")
        else:
            yield ok("serve", "running and ready")
        return
    for door in ports.doors(settings):
        found = ports.trouble(door)
        if found is None:
            yield ok("serve", f"not running; {door.setting} {door.port} is free")
        else:
            says, _, mend = found.partition(": ")
            yield fail("serve", says, mend)


def waiting(settings: Settings) -> Iterator[Finding]:
    """Look whether browsers that wait have somebody who wakes them."""
    found = settings.waiting
    if found.url is None:
        seconds = found.poll.total_seconds()
        yield ok("wait", f"no waiting.url: pages that wait ask every {seconds:g} s")
        return
    failing = _asked(found.health_port)
    if failing is None:
        yield warn(
            "wait",
            f"not running: pages that wait ask every {found.poll.total_seconds():g} s",
            "run 'sesame wait' beside serve, or 'sesame serve --all'; or take waiting.url away",
        )
    elif failing:
        said = "; ".join(f"{part}: {why}" for part, why in sorted(failing.items()))
        yield warn("wait", f"running, not ready: {said}", "mend the parts it names")
    else:
        yield ok("wait", f"running and ready, for pages at {found.url}")


def disk(settings: Settings) -> Iterator[Finding]:
    """Look at the room where the embedded stores grow."""
    for name in ("ledger", "ephemeral"):
        path = sqlite_path(getattr(settings.stores, name))
        if path is None:
            continue
        folder = next(each for each in path.absolute().parents if each.exists())
        free = shutil.disk_usage(folder).free
        says = f"{free // 2**20} MiB free for the {name} store"
        mend = f"make room in {folder}; without room no login succeeds, and none is lost"
        if free < _DISK_FAIL:
            yield fail("disk", says, mend)
        elif free < _DISK_WARN:
            yield warn("disk", says, mend)
        else:
            yield ok("disk", says)


def ephemeral(foundation: Foundation) -> Iterator[Finding]:
    """Look whether the Ephemeral store answers."""
    foundation.ephemeral.generation()
    kind = foundation.settings.stores.ephemeral.partition(":")[0]
    if kind == "memory":
        yield warn("ephemeral", "in memory, of one process", "name a file or Redis")
    else:
        yield ok("ephemeral", f"{kind} answers")


def ledger(foundation: Foundation) -> Iterator[Finding]:
    """Look whether the Ledger takes a write, and whether its clock is ours."""
    with foundation.ledger.begin() as unit:
        unit.leases.take("doctor", holder="doctor", at=foundation.now(), lasts=timedelta(0))
        epoch = unit.epoch()
    yield ok("ledger", f"takes a write; epoch {epoch}")
    apart = abs(foundation.now() - foundation.ledger.database_time())
    says = f"{apart.total_seconds():.1f} s from the database's"
    if apart > CLOCKS_APART:
        yield fail("clock", says, "synchronise both clocks (NTP); serve refuses to be ready")
    elif apart > _CLOCK_WARN:
        yield warn("clock", says, "synchronise both clocks (NTP)")
    else:
        yield ok("clock", says)
    if foundation.settings.clock.offset_file is not None:
        yield warn("clock", "a test offset is configured", "remove clock.offset_file")


def keys(foundation: Foundation) -> Iterator[Finding]:
    """Look for a signing key of every algorithm, and for keys that policy should have moved."""
    ring, now = foundation.ring, foundation.now()
    signing = {key.algorithm: key for key in ring.list() if key.state is State.SIGNING}
    for algorithm in ring.policy.algorithms:
        key = signing.get(algorithm)
        if key is None:
            yield fail(
                "keys",
                f"no key signs {algorithm}",
                f"run 'sesame keys generate {algorithm}', then 'sesame housekeep'",
            )
            continue
        until = outlook(key, ring.policy)
        yield ok("keys", f"{algorithm} signs until {until:%Y-%m-%d}, {key.kid}")
    for key in ring.list():
        due = outlook(key, ring.policy)
        if due is not None and due + _LATE < now:
            yield warn(
                "keys",
                f"{key.kid} is {key.state.value} since long, due {due:%Y-%m-%d %H:%M}",
                "run 'sesame housekeep': it moves keys on by policy",
            )


def audit(foundation: Foundation) -> Iterator[Finding]:
    """Verify the end of the audit trail, and look for rows that nobody seals."""
    report = verify_end(
        foundation.ledger, foundation.vault, foundation.audit_signer, rows=_QUICK_ROWS
    )
    for finding in report.findings:
        yield fail(
            "audit",
            f"{finding.fault} at row {finding.sequence}",
            "run 'sesame audit verify' and compare with an exported head",
        )
    with foundation.ledger.read() as unit:
        waiting = unit.audit.unsealed(limit=1)
    if waiting and waiting[0].at + _UNSEALED < foundation.now():
        yield warn(
            "audit",
            f"rows wait to be sealed since {waiting[0].at:%Y-%m-%d %H:%M}",
            "run 'sesame housekeep'",
        )
    if not report.findings:
        yield ok("audit", f"the last of {report.rows} rows are whole")


def clients(foundation: Foundation) -> Iterator[Finding]:
    """Look whether every client still keeps its profile: one that does not gets nothing."""
    with foundation.ledger.read() as unit:
        registered = unit.clients.all()
    kept = True
    for client in registered:
        for rule, member in broken(client):
            kept = False
            yield fail(
                "clients",
                f"{client.id} breaks profile {client.profile} rule {rule.name} by {member}",
                f"sesame clients edit {client.id}: {rule.instead}",
            )
    if kept:
        yield ok("clients", f"{len(registered)} keep their profiles")


def leases(foundation: Foundation) -> Iterator[Finding]:
    """Look whether somebody does each of the background jobs."""
    with foundation.ledger.read() as unit:
        held = {lease.job: lease for lease in unit.leases.held()}
    now = foundation.now()
    idle = [job for job in NAMES if job not in held or held[job].until < now]
    if idle:
        yield warn(
            "housekeep",
            f"nobody does {', '.join(idle)}",
            "run 'sesame housekeep' beside serve, or 'sesame serve --all'",
        )
    for job in NAMES:
        if job not in idle:
            machine, pid = [*held[job].holder.split(":"), "", ""][:2]
            yield ok("housekeep", f"{job}: process {pid} of machine {machine[:8]}")


def kek(settings: Settings) -> Iterator[Finding]:
    """Look whether the key-encryption key can be read, and by nobody else."""
    from keys.store import load_kek

    load_kek(settings.keys.kek_file)
    where = settings.keys.kek_file
    yield ok("kek", f"{where} is readable by its owner alone")
    stores = [sqlite_path(url) for url in (settings.stores.ledger, settings.stores.ephemeral)]
    beside = any(path is not None and path.parent == Path(where).parent for path in stores)
    if beside and settings.environment is Environment.PRODUCTION:
        yield warn(
            "kek",
            "lies beside the store that it opens",
            "give it a folder, or a system credential, that no backup of the stores holds",
        )


def _asked(port: int) -> dict[str, str] | None:
    """Ask a running serve what fails; ``None`` when none answers there."""
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=_ASK_SECONDS)
    try:
        connection.request("GET", "/ready")
        content = json.loads(connection.getresponse().read(10_000))
        return dict(content["failing"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()
