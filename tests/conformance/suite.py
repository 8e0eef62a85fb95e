"""A running conformance suite of the OpenID Foundation, spoken to by its HTTP API.

The suite keeps the plans and drives a browser of its own; here a plan is made, its modules are
started one after another, and their verdicts collected.
"""

from __future__ import annotations

import json
import ssl
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator

OVER: Final = frozenset({"FINISHED", "INTERRUPTED"})
GOOD: Final = frozenset({"PASSED", "SKIPPED", "REVIEW"})
"""Verdicts that stand in no certificate's way; ``REVIEW`` is a page that a person looks at."""
_PLANS: Final = Path(__file__).with_name("plans.toml")
_SECONDS: Final = 60.0
_PAUSE: Final = 1.0


class SuiteFailed(Exception):
    """The suite refused something, or did not answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A plan of the suite: our short name for it, its own name, and the variant that is run."""

    short: str
    name: str
    variant: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What became of one module: ``result`` is the suite's word, ``page`` where it says why."""

    plan: str
    module: str
    result: str
    page: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Suite:
    """Where it runs.

    Attributes:
        url: without a slash at its end.
        token: of an account; a suite in development mode asks for none.
        pause: waits so many seconds; a test gives one that does not.
        context: what certificates are believed.
        patience: how many pauses a module may take.
    """

    url: str
    pause: Callable[[float], object]
    token: str | None = field(default=None, repr=False)
    context: ssl.SSLContext | None = None
    patience: int = 300

    def run(self, plan: Plan, configuration: Mapping[str, object]) -> Iterator[Verdict]:
        """Make the plan and run its modules, telling of each as it ends. Raises: SuiteFailed."""
        query = {"planName": plan.name, "variant": json.dumps(dict(plan.variant))}
        made = self._ask("POST", "/api/plan", query, body=configuration)
        for module in made["modules"]:
            yield self._module(plan, made["id"], module)

    def _module(self, plan: Plan, made: str, module: Mapping[str, Any]) -> Verdict:
        name = str(module["testModule"])
        query = {"test": name, "plan": made, "variant": json.dumps(module.get("variant") or {})}
        test = self._ask("POST", "/api/runner", query)["id"]
        started = False
        for _ in range(self.patience):
            info = self._ask("GET", f"/api/info/{test}", {})
            if info["status"] in OVER:
                break
            if info["status"] == "CONFIGURED" and not started:
                self._ask("POST", f"/api/runner/{test}", {})
                started = True
            self.pause(_PAUSE)
        else:
            info = {"result": "UNFINISHED"}
        page = f"{self.url}/log-detail.html?log={test}"
        return Verdict(plan=plan.short, module=name, result=info.get("result") or "?", page=page)

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        *,
        body: Mapping[str, object] | None = None,
    ) -> dict[str, Any]:
        address = f"{self.url}{path}" + (f"?{urlencode(query)}" if query else "")
        request = urllib.request.Request(
            address,
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json", "Accept": "application/json"},
        )
        if self.token is not None:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(
                request, timeout=_SECONDS, context=self.context
            ) as response:
                found = json.loads(response.read() or b"{}")
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(300).decode(errors="replace")
            raise SuiteFailed(f"{method} {path}: {error.code} {said}") from None
        except (urllib.error.URLError, TimeoutError, ValueError) as error:
            raise SuiteFailed(f"{method} {path}: {error}") from None
        return found if isinstance(found, dict) else {}


def plans(wanted: frozenset[str] = frozenset()) -> tuple[Plan, ...]:
    """Give the plans in their order, or those of some short names.

    Raises:
        SuiteFailed: a name that is none.
    """
    document = tomllib.loads(_PLANS.read_text(encoding="utf-8"))
    every = tuple(Plan(**plan) for plan in document["plan"])
    unknown = wanted - {plan.short for plan in every}
    if unknown:
        names = ", ".join(plan.short for plan in every)
        raise SuiteFailed(f"no such plan: {', '.join(sorted(unknown))}; there are {names}")
    return tuple(plan for plan in every if not wanted or plan.short in wanted)


def table(verdicts: list[Verdict]) -> str:
    """Write the verdicts as Markdown, the plans counted first."""
    lines = ["| plan | modules | good | results |", "|---|---:|---:|---|"]
    for short in dict.fromkeys(one.plan for one in verdicts):
        of_plan = [one for one in verdicts if one.plan == short]
        counted = dict.fromkeys(sorted({one.result for one in of_plan}), 0)
        for one in of_plan:
            counted[one.result] += 1
        good = sum(one.result in GOOD for one in of_plan)
        words = ", ".join(f"{number} {word}" for word, number in counted.items())
        lines.append(f"| {short} | {len(of_plan)} | {good} | {words} |")
    lines += ["", "| plan | module | result |", "|---|---|---|"]
    lines += [f"| {one.plan} | [{one.module}]({one.page}) | {one.result} |" for one in verdicts]
    return "\n".join(lines) + "\n"
