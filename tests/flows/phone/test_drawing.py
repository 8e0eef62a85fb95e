"""The server draws no code on the way that everybody takes; and the bench of that way runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mobile_flow import qr
from tests.bench import phone as bench
from tests.flows.phone.house import House

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path, starts_per_address=1000, approvals_per_person=1000)
    yield made
    made.close()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the server was asked to draw."""
    texts: list[str] = []

    def svg(text: str) -> str:
        texts.append(text)
        return "<svg/>"

    monkeypatch.setattr(qr, "svg", svg)
    return texts


def test_no_picture_is_drawn_for_a_code_that_moves(house: House, drawn: list[str]) -> None:
    phone, browser = house.phone(), house.browser().open().choose("mobile")
    browser.visit().approved_by(phone).agree().tokens()
    assert not drawn


def test_a_code_that_stands_still_is_drawn(house: House, drawn: list[str]) -> None:
    house.register(allow_static_code=True)
    browser = house.browser().open().choose("mobile")
    assert not drawn
    browser.submit("mobile", index="static")
    assert len(drawn) == 1


def test_the_bench_counts_each_step_and_its_commit(house: House) -> None:
    found = bench.measured(house, "SQLite", times=2, warm_up=1)
    assert [step.name for step in found.steps] == list(bench.STEPS)
    assert [step.commits for step in found.steps] == [1, 1, 1, 1]
    assert 0 < found.limit.cpu < found.whole.cpu < found.by_phone.cpu
    page = bench.put_into("# Page\n\n## Method\n\nSo.\n", (found,))
    assert bench.put_into(page, (found,)) == page
    assert page.endswith("## Method\n\nSo.\n")
