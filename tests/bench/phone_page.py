"""What logins by phone cost, and how the reference page says it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tests.bench.phone_limit import ROW

SIGNATURES: Final = {"claim": 1, "number": 1, "approve": 2, "finish": 0}
"""The phone signs each of its calls; with the third goes the authenticator's assertion."""

TITLE: Final = "## Logins by phone"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """Milliseconds: of this process's CPU, and of the clock on the wall."""

    cpu: float
    wall: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of an approval: the median of many, and what of it cannot be left out.

    Attributes:
        commits: durable units of work.
    """

    name: str
    cost: Cost
    commits: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Approved:
    """Logins by phone on one store.

    Attributes:
        steps: in order.
        verification: one bare signature check.
        commit: one durable commit of a single row.
        by_phone: a whole login, from the e-service's redirect to userinfo.
        by_name: the same by the test sign-in.
        drawing: one QR code, drawn by the server.
    """

    store: str
    steps: tuple[Step, ...]
    verification: Cost
    commit: Cost
    by_phone: Cost
    by_name: Cost
    drawing: Cost

    @property
    def whole(self) -> Cost:
        """The steps together."""
        return Cost(
            cpu=sum(one.cost.cpu for one in self.steps),
            wall=sum(one.cost.wall for one in self.steps),
        )

    @property
    def commits(self) -> float:
        """Of the steps together."""
        return sum(one.commits for one in self.steps)

    @property
    def limit(self) -> Cost:
        """Signature checks and commits alone."""
        checks = sum(SIGNATURES.values())
        return Cost(
            cpu=checks * self.verification.cpu + self.commits * self.commit.cpu,
            wall=checks * self.verification.wall + self.commits * self.commit.wall,
        )


def section(found: tuple[Approved, ...]) -> str:
    """Write the section of the reference page."""
    steps = "\n".join(_step_row(one, step) for one in found for step in one.steps)
    rates = "\n".join(_rate_row(one, *of) for one in found for of in both(one))
    drawing = "\n".join(_drawing_row(one) for one in found)
    return f"""{TITLE}

Measured on {datetime.now(UTC):%d %B %Y} by `python -m tests.bench phone`, which rewrites this
section alone: the whole application in one process, one request at a time. Only the time inside the
application is counted, neither the virtual phone's signing nor the browser's part. *Finish* is the
browser's visit that uses the approval: it opens the session, issues the code and goes back to the
e-service, consent remembered. Medians; milliseconds of the process's CPU (a PostgreSQL server's own
is not in it) and of the clock; then what cannot be left out of the step. What is short-lived stands
in the embedded store on both. {_load()}

| store | step | CPU, ms | clock, ms | a CPU-second | signature checks | commits |
|---|---|---:|---:|---:|---:|---:|
{steps}

The four together, beside nothing but their signature checks (ECDSA on P-256, the key ready: three
proofs of the device key and the authenticator's assertion) and as many durable commits of one row
of {ROW} bytes by the bare driver, in the same database, taking turns:

| store | counted | approvals a second | bare checks and commits a second | fraction |
|---|---|---:|---:|---:|
{rates}

Drawing one QR code on the server, beside whole logins from the e-service's redirect to userinfo;
CPU in milliseconds:

| store | one QR code | login by name | login by phone | code ÷ login by name |
|---|---:|---:|---:|---:|
{drawing}

The code that moves draws none: the server hands out texts and the browser draws them, one a second
(`tests/flows/phone/test_drawing.py` holds it to that). Only a code that stands still is drawn here,
where the client's registration allows one, and those of the citizen's own page.
"""


def _load() -> str:
    """Say how busy the machine was otherwise: a busy one makes everything slower, both sides."""
    others, cores = os.getloadavg()[1] - 1, os.cpu_count() or 1
    if others <= cores / 2:
        return "The machine did nothing else meanwhile."
    return (
        f"The machine was busy with other work (load {others:.0f} on {cores} cores): its figures\n"
        "are too low in absolute terms, its fractions, measured taking turns, hardly."
    )


def _step_row(one: Approved, step: Step) -> str:
    cost = step.cost
    return (
        f"| {one.store} | {step.name} | {cost.cpu:.2f} | {cost.wall:.2f} | {1000 / cost.cpu:.0f} "
        f"| {SIGNATURES[step.name]} | {step.commits:.0f} |"
    )


def both(one: Approved) -> tuple[tuple[str, float, float], ...]:
    whole, limit = one.whole, one.limit
    return (("CPU", whole.cpu, limit.cpu), ("clock, one thread", whole.wall, limit.wall))


def _rate_row(one: Approved, counted: str, whole: float, limit: float) -> str:
    rates = f"{1000 / whole:.0f} | {1000 / limit:.0f} | {limit / whole:.2f}"
    return f"| {one.store} | {counted} | {rates} |"


def _drawing_row(one: Approved) -> str:
    drawing, by_name, by_phone = one.drawing.cpu, one.by_name.cpu, one.by_phone.cpu
    ratio = f"{drawing / by_name:.2f}"
    return f"| {one.store} | {drawing:.1f} | {by_name:.1f} | {by_phone:.1f} | {ratio} |"
