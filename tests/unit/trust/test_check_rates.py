"""The bench of card checks runs, and compares work that both sides really do."""

from __future__ import annotations

import pytest

from tests.bench import card_check
from tests.bench.card_check import CardFigures, check_rates
from tests.bench.card_side import card_sides


def test_each_kind_of_card_is_measured_against_its_bare_verifications() -> None:
    rates = check_rates(rounds=1, times=2)
    assert [rate.name for rate in rates][:2] == ["EC P-384", "RSA-2048"]
    for rate in rates:
        assert rate.whole > 0
        assert rate.ratio == pytest.approx(rate.whole / rate.bare)
        assert rate.strict == pytest.approx(rate.whole / rate.signatures)
    found = CardFigures(checks=rates, sides=tuple(card_sides(times=1)))
    page = "# Performance\n\n## Card checks\n\nold\n\n## Method\n\nhow\n"
    written = card_check.put_into(page, found)
    assert "old" not in written
    assert all(f"| {rate.name} | {rate.whole:.0f} |" in written for rate in rates)
    assert written.endswith("## Method\n\nhow\n")
