"""The pictures of clients: kept with the registration, and gone with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from idp.domain.client import ClientId
from idp.oidc.registration.narrowing import take_out
from idp.store.ports import AlreadySpent
from tests.contract.store.stand_ins import START, a_client

if TYPE_CHECKING:
    from idp.store.ports import Ledger

SHOP, BANK = ClientId("shop"), ClientId("bank")
ONE, TWO = "11" * 32, "22" * 32
BODY, OTHER = b"\x89PNG\0one", b"\x89PNG\0two"


def test_what_is_held_is_kept_and_what_is_not_goes(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        unit.logos.keep(SHOP, held={ONE}, new={ONE: BODY, TWO: OTHER})
    with ledger.begin() as unit:
        assert unit.logos.get(ONE) == BODY
        assert unit.logos.get(TWO) is None
        unit.logos.keep(SHOP, held={ONE, TWO}, new={TWO: OTHER})
    with ledger.begin() as unit:
        assert (unit.logos.get(ONE), unit.logos.get(TWO)) == (BODY, OTHER)
        unit.logos.keep(SHOP, held={TWO}, new={TWO: b"never written again"})
    with ledger.read() as unit:
        assert (unit.logos.get(ONE), unit.logos.get(TWO)) == (None, OTHER)


def test_a_picture_of_two_clients_stays_while_one_has_it(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        unit.logos.keep(SHOP, held={ONE}, new={ONE: BODY})
        unit.logos.keep(BANK, held={ONE}, new={ONE: BODY})
        unit.logos.keep(SHOP, held=(), new={})
        assert unit.logos.get(ONE) == BODY
        unit.logos.keep(BANK, held=(), new={})
        assert unit.logos.get(ONE) is None


def test_who_is_taken_out_leaves_none(ledger: Ledger) -> None:
    client = a_client()
    with ledger.begin() as unit:
        unit.clients.add(client)
        unit.logos.keep(client.id, held={ONE}, new={ONE: BODY})
    with ledger.begin() as unit:
        take_out(unit, client, at=START)
    with ledger.read() as unit:
        assert unit.logos.get(ONE) is None


def test_what_was_rolled_back_is_not_there(ledger: Ledger) -> None:
    def fail() -> None:
        with ledger.begin() as unit:
            unit.logos.keep(SHOP, held={ONE}, new={ONE: BODY})
            unit.spend("once", "key", until=START)
            unit.spend("once", "key", until=START)

    with pytest.raises(AlreadySpent):
        fail()
    with ledger.read() as unit:
        assert unit.logos.get(ONE) is None
