"""A shop with a certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.attacks.certificates.shop import FORGOTTEN, Shop

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")
def whole_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    made = Shop(tmp_path_factory.mktemp("certificates"))
    yield made
    made.house.close()


@pytest.fixture
def shop(whole_shop: Shop) -> Shop:
    """Registered by subject, its tokens bound; the failures of the test before are forgotten."""
    whole_shop.house.wait(FORGOTTEN)
    whole_shop.by_subject()
    return whole_shop
