"""What wakes a browser that waits: every stored move of a login that a phone carries out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from idp.domain.event import MethodName
from idp.domain.transaction import Channel
from idp.login.flow import LoginRefused
from idp.login.transactions import Held, Transactions, channel, fingerprint, wake
from tests.unit.login.house import MINUTE

if TYPE_CHECKING:
    from idp.domain.transaction import Transaction
    from tests.unit.login.house import House

COOKIE = "the-browser"


class Desk:
    """Transactions on a house's store, and what is heard of them."""

    def __init__(self, house: House) -> None:
        self.transactions = Transactions(
            house.ephemeral,
            house.vault,
            life=30 * MINUTE,
            now=house.now,
            entropy=bytes,
        )
        self.house = house
        self.hints = house.ephemeral.listen()
        assert self.hints.wait(0.0) is None

    def held(self, method: MethodName | None, where: Channel = Channel.BROWSER) -> Held:
        made = self.transactions.begin(
            self.house.request(), binding=fingerprint(COOKIE), language="en"
        )
        tx: Transaction = self.transactions.keep(replace(made, method=method, channel=where))
        return Held(tx=tx, version=1)

    def heard(self) -> list[str]:
        found = []
        while some := self.hints.wait(0.0):
            found += some
        return found


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


def test_a_login_by_phone_wakes_at_every_stored_move(desk: Desk) -> None:
    held = desk.held(MethodName.MOBILE)
    assert desk.heard() == []
    held = desk.transactions.move(held, replace(held.tx, language="fr"))
    assert desk.heard() == [channel(held.tx.id)]
    desk.transactions.close(held, replace(held.tx, language="de"))
    assert desk.heard() == [channel(held.tx.id)]


def test_leaving_the_phone_for_another_means_wakes_the_tab_that_still_waits(desk: Desk) -> None:
    held = desk.held(MethodName.MOBILE)
    held = desk.transactions.move(held, replace(held.tx, method=MethodName.CARD))
    assert desk.heard() == [channel(held.tx.id)]
    desk.transactions.move(held, replace(held.tx, language="fr"))
    assert desk.heard() == []


@pytest.mark.parametrize(
    "method", [None, MethodName.CARD, MethodName.SEEDED, MethodName.TOTP, MethodName.PASSKEY]
)
def test_a_login_that_the_browser_carries_out_itself_costs_no_hint(
    desk: Desk, method: MethodName | None
) -> None:
    held = desk.held(method)
    desk.transactions.move(held, replace(held.tx, language="fr"))
    assert desk.heard() == []


def test_a_back_channel_request_wakes(desk: Desk) -> None:
    held = desk.held(None, Channel.BACKCHANNEL)
    desk.transactions.move(held, replace(held.tx, language="fr"))
    assert desk.heard() == [channel(held.tx.id)]


def test_a_move_that_was_overtaken_wakes_nobody(desk: Desk) -> None:
    held = desk.held(MethodName.MOBILE)
    desk.transactions.move(held, replace(held.tx, language="fr"))
    desk.heard()
    with pytest.raises(LoginRefused):
        desk.transactions.move(held, replace(held.tx, language="de"))
    assert desk.heard() == []


def test_whoever_stores_something_elsewhere_wakes_by_the_identifier(desk: Desk) -> None:
    wake(desk.house.ephemeral, "an-identifier")
    assert desk.heard() == [channel("an-identifier")]
    assert "an-identifier" not in channel("an-identifier")
