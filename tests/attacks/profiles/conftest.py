"""A bank under the strict profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.attacks.profiles.bank import Bank

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def whole_bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    """One for all tests of a file: each message refused leaves it as it was."""
    made = Bank(tmp_path_factory.mktemp("bank"), lifetimes={"code": 600})
    yield made
    made.house.close()


@pytest.fixture
def bank(whole_bank: Bank) -> Iterator[Bank]:
    """The same, with its registration as it was."""
    before = whole_bank.client
    yield whole_bank
    if whole_bank.client != before:
        fields = {name: getattr(before, name) for name in before.__slots__ if name != "version"}
        whole_bank.change(**fields)
