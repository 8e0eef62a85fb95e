"""The page of conformance: what the certification plans look at, and the tests that prove it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docs._generate.markdown import code, document, table
from tests.conformance.catalogue import groups, proofs

if TYPE_CHECKING:
    from tests.conformance.catalogue import Group, Proof

INTRODUCTION = """
What the plans of the OpenID Foundation's conformance suite look at, in our words, and which tests
of ours prove it. A test says so by its own mark (`@pytest.mark.proves`); a check without a test
fails the build. How each specification is implemented, section by section, is in
[Standards](standards.md); how to run the suite itself against a deployment, in
[Certify](../how-to/certify.md).

None of it is a certificate: that needs a run of the suite. `make conformance SUITE=<url>` drives
one and writes its verdicts.
"""


def page() -> str:
    """Give the page."""
    found: dict[str, list[Proof]] = {}
    for proof in proofs():
        found.setdefault(proof.check, []).append(proof)
    summary = table(
        ("Plans", "Specification", "Checks", "Proven", "State"),
        [_summary(group, found) for group in groups()],
    )
    return document("Conformance", INTRODUCTION, summary, *(_part(one, found) for one in groups()))


def _summary(group: Group, found: dict[str, list[Proof]]) -> tuple[str, ...]:
    proven = sum(check.id in found for check in group.checks)
    state = "done" if proven == len(group.checks) else "partly" if proven else "no"
    return (group.plans, group.specification, str(len(group.checks)), str(proven), state)


def _part(group: Group, found: dict[str, list[Proof]]) -> str:
    rows = [
        (
            check.says,
            "<br>".join(code(f"{one.file}::{one.test}") for one in found.get(check.id, [])),
        )
        for check in group.checks
    ]
    return f"## {group.specification}\n\n{table(('What is looked at', 'Proven by'), rows)}"


def _named(proof: Proof) -> str:
    return code(f"{proof.file}::{proof.test}")
