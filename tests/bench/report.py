"""The reference page: figures, and how they were made."""

from __future__ import annotations

import json
import platform
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tests.bench.rounds import DRIVERS, PHASES, Figure
from tests.services.components import found

_WORDS: Final = {
    "login": "whole login",
    "exchange": "code exchange",
    "userinfo": "userinfo",
    "introspect": "introspection",
    "discover": "discovery",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One system: its figures by phase, and its memory in MB.

    Attributes:
        worker_mb: of the largest process.
        all_mb: of all its processes, shared pages once; databases apart.
    """

    name: str
    figures: Mapping[str, Figure]
    worker_mb: float
    all_mb: float


@dataclass(frozen=True, kw_only=True, slots=True)
class CardResult:
    """One kind of card login."""

    name: str
    figure: Figure


def table(results: Sequence[Result]) -> str:
    """The comparison as Markdown: operations per CPU-second, then p50 and p99 in milliseconds."""
    head = " | ".join(_WORDS[phase] for phase in PHASES)
    lines = [f"| system | {head} | worker, all (MB) |", "|---|" + "---:|" * (len(PHASES) + 1)]
    for result in results:
        cells = " | ".join(_cell(result.figures[phase]) for phase in PHASES)
        memory = f"{result.worker_mb:.0f}, {result.all_mb:.0f}"
        lines.append(f"| {result.name} | {cells} | {memory} |")
    return "\n".join(lines)


def ratios(results: Sequence[Result]) -> str:
    """Each pair of deployments side by side: ours over the peer's."""
    head = " | ".join(_WORDS[phase] for phase in PHASES)
    lines = [f"| ours ÷ peer | {head} | worker's memory |", "|---|" + "---:|" * (len(PHASES) + 1)]
    for mine, theirs in zip(results[::2], results[1::2], strict=True):
        cells = " | ".join(
            f"{mine.figures[phase].per_cpu_second / theirs.figures[phase].per_cpu_second:.2f}"
            for phase in PHASES
        )
        memory = f"{mine.worker_mb / theirs.worker_mb:.2f}"
        lines.append(f"| {mine.name} ÷ {theirs.name} | {cells} | {memory} |")
    return "\n".join(lines)


def card_table(results: Sequence[CardResult]) -> str:
    """Card logins as Markdown."""
    lines = ["| card login | logins per CPU-second | p50 ms | p99 ms |", "|---|---:|---:|---:|"]
    lines += [
        f"| {result.name} | {result.figure.per_cpu_second:.0f} "
        f"| {result.figure.p50:.1f} | {result.figure.p99:.1f} |"
        for result in results
    ]
    return "\n".join(lines)


def page(results: Sequence[Result], cards: Sequence[CardResult], *, rounds: int, times: int) -> str:
    """The page without the sections that a part of the bench writes alone."""
    return f"""# Performance

Written by `make bench` on {datetime.now(UTC):%d %B %Y}. Trust the ratios more than the figures: the
machine is small and shared, and both sides met the same noise in the same run.

## Beside npm oidc-provider

Operations per CPU-second (on a core of its own: per second); lowest and highest round in
brackets; then p50 / p99 in milliseconds with {DRIVERS} connections.

{table(results)}

{ratios(results)}

## Card logins

No peer: the whole login of a citizen, from the e-service's redirect to userinfo, with a software
card, everything verified (chain, signature over origin and challenge, revocation by OCSP). Only the
provider's CPU time is counted; the card and the responder run on the driver's core.

{card_table(cards)}

## Method

- One worker process, pinned to one core with everything it talks to (its housekeeper, Redis,
  PostgreSQL); the driver runs on another core: {DRIVERS} processes, one kept connection each.
- CPU time is that of every process of the system, databases included, from the kernel's own
  accounting, over a phase of {times} operations; {rounds} rounds, the systems taking turns; the
  figure is the median of the rounds.
- A *whole login* is a fresh cookie jar, the authorization request with PKCE, the sign-in page,
  signing in by name (no password is hashed on either side), consent remembered from before, the
  code, its exchange with `client_secret_basic`, and userinfo. A *code exchange* is one request.
- Both sides sign ES256 and issue opaque access tokens. Each answer is checked by the driver: state,
  issuer, the ID token's signature, nonce and audience, the claims, the introspection's answer.
- Ours keeps what it acknowledges: the Ledger commits to disk (SQLite `synchronous=FULL`, PostgreSQL
  `synchronous_commit=on`), with an audit row in each commit and the audit chain sealed meanwhile.
  After the run the whole trail is verified (`sesame audit verify`). Limits are on, but for the
  number of logins that one address may open. The peer keeps its state in memory, or in a Redis with
  the same settings as ours (append-only).
- Both are warmed up by the same number of logins before they are measured.
- Latencies are what the driver saw with its core shared by {DRIVERS} processes; they say more about
  being steady than about the network.

## Machine and versions

{_versions()}
"""


def _cell(figure: Figure) -> str:
    return (
        f"**{figure.per_cpu_second:.0f}** ({figure.lowest:.0f} to {figure.highest:.0f})"
        f"<br>{figure.p50:.1f} / {figure.p99:.1f}"
    )


def _versions() -> str:
    rows = {
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "Node": _say(str(Path(sys.executable).with_name("node")), "--version"),
        "granian": version("granian"),
        "cryptography": version("cryptography"),
        "joserfc": version("joserfc"),
        "Flask": version("flask"),
        "SQLite": sqlite3.sqlite_version,
        "Redis": _say("redis-server", "--version"),
        "PostgreSQL": _say(str(found("postgres")), "--version"),
        "oidc-provider": _npm_version("oidc-provider"),
    }
    return "\n".join(f"- {name}: {value}" for name, value in rows.items())


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {len(names)} cores"


def _say(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _npm_version(name: str) -> str:
    text = (Path(__file__).parents[1] / f"npm/node_modules/{name}/package.json").read_text(
        encoding="utf-8"
    )
    return str(json.loads(text)["version"])
