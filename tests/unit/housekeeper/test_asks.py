"""An accepted back-channel request waits in the outbox, and the housekeeper asks a phone, once."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.cli.serve import _handlers
from idp.housekeeper.asks import ask_handlers
from idp.housekeeper.outbox import JOB, Delivery
from idp.oidc.ciba.delivering import KIND
from tests.flows.ciba.asker import Asker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Asker]:
    made = Asker(tmp_path)
    made.delivers = False
    yield made
    made.house.close()


def keep_house(shop: Asker) -> int:
    """One round of the outbox's job; how many messages left."""
    house = shop.house
    delivery = Delivery(
        house.services.ledger,
        ask_handlers(shop.delivering),
        now=house.now,
        entropy=secrets.token_bytes,
        patience=10,
    )
    with house.services.ledger.begin() as unit:
        fence = unit.leases.take(JOB, holder="test", at=house.at, lasts=timedelta(minutes=1))
    assert fence is not None
    return delivery.round(fence=fence, at=house.at).count


def test_the_phone_is_asked_after_the_answer_and_the_message_is_gone(shop: Asker) -> None:
    phone, asked = shop.house.phone(), shop.ask()
    assert phone.pending() == []
    assert keep_house(shop) == 1
    assert len(phone.pending()) == 1
    assert shop.waiting_messages(KIND) == []
    shop.approved_by(phone)
    assert shop.tokens(asked)["access_token"]


def test_a_message_that_is_delivered_again_asks_nobody_again(shop: Asker) -> None:
    phone = shop.house.phone()
    shop.ask()
    (message,) = shop.waiting_messages(KIND)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(shop.delivering.deliver, [message] * 8))
    assert len(phone.pending()) == 1
    phone.open(phone.pending()[0]["id"])
    phone.refuse()
    shop.delivering.deliver(message)
    assert phone.pending() == []


def test_what_comes_too_late_asks_nobody(shop: Asker) -> None:
    phone, asked = shop.house.phone(), shop.ask(requested_expiry="10")
    shop.house.wait(timedelta(seconds=10))
    assert keep_house(shop) == 1
    assert phone.pending() == []
    assert shop.told(asked) == "expired_token"


def test_a_client_that_was_disabled_meanwhile_asks_nobody(shop: Asker) -> None:
    phone = shop.house.phone()
    shop.ask()
    shop.register(enabled=False)
    assert keep_house(shop) == 1
    assert phone.pending() == []


def test_every_housekeeper_knows_what_to_do_with_it(shop: Asker) -> None:
    handlers = _handlers(shop.house.services.foundation)
    assert KIND in handlers
    phone = shop.house.phone()
    shop.ask()
    with shop.house.services.ledger.read() as unit:
        (message,) = [one for one in unit.outbox.due(at=shop.house.at, limit=9) if one.kind == KIND]
    handlers[KIND](message)
    assert len(phone.pending()) == 1
