"""The desk for programs that drive the software card through pcscd."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.card_desk import CardDesk


@pytest.fixture
def desk(card_desk: CardDesk) -> Iterator[CardDesk]:
    """The run's desk, with an empty reader before and after."""
    card_desk.remove()
    yield card_desk
    card_desk.remove()
