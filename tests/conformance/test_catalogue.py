"""Each check of the certification plans has a test that says so, and each mark a check."""

from __future__ import annotations

from tests.conformance.catalogue import groups, proofs


def test_every_check_of_the_plans_is_proven_by_a_test() -> None:
    proven = {proof.check for proof in proofs()}
    checks = [check.id for group in groups() for check in group.checks]
    assert len(checks) > 80
    assert [check for check in checks if check not in proven] == []


def test_every_mark_names_a_check() -> None:
    checks = {check.id for group in groups() for check in group.checks}
    assert [proof for proof in proofs() if proof.check not in checks] == []
