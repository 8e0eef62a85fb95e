"""The bench of card checks runs, and compares work that both sides really do."""

from __future__ import annotations

from tests.bench.card_check import check_rates, table


def test_each_kind_of_card_is_measured_against_its_bare_signatures() -> None:
    rates = check_rates(rounds=1, times=2)
    assert [rate.name for rate in rates][:2] == ["EC P-384", "RSA-2048"]
    assert all(rate.whole > 0 and rate.bare > 0 for rate in rates)
    assert table(rates).count("\n") == 1 + len(rates)
