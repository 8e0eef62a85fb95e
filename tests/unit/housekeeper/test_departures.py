"""Clients that registered themselves leave when their time is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.domain.client import ClientId
from idp.domain.origin import Origin
from idp.housekeeper.departures import show_out
from tests.contract.store.stand_ins import START, a_client, a_grant, a_person, a_session

if TYPE_CHECKING:
    from idp.store.ports import Ledger

ENDS = START + timedelta(days=1)
OWN = ClientId("own-one")


@pytest.fixture
def registered(ledger: Ledger) -> Ledger:
    """One client that registered itself and one of the operators'."""
    own = a_client(OWN, origin=Origin(invitation=None, token="ab" * 32), expires_at=ENDS)
    with ledger.begin() as unit:
        unit.clients.add(own)
        unit.clients.add(a_client("theirs", expires_at=ENDS))
        assert unit.registrations.take_place(OWN, until=ENDS, most=1)
        unit.people.add(a_person(), username="an")
        unit.sessions.open(a_session())
        unit.grants.add(a_grant(client=OWN))
    return ledger


def test_who_is_over_goes_with_all_that_it_holds(registered: Ledger) -> None:
    with registered.begin() as unit:
        assert show_out(unit, at=ENDS, limit=10) == 0
    with registered.begin() as unit:
        assert show_out(unit, at=ENDS + timedelta(seconds=1), limit=10) == 1
    with registered.read() as unit:
        assert [client.id for client in unit.clients.all()] == ["theirs"]
        grant = unit.grants.get(a_grant().id)
        assert grant is not None
        assert grant.ended_at is not None
        assert unit.clients.history(OWN)[-1].after is None
    with registered.begin() as unit:
        assert unit.registrations.take_place(ClientId("own-two"), until=ENDS, most=1)


def test_a_later_end_keeps_the_place_and_none_gives_it_free(registered: Ledger) -> None:
    later = ENDS + timedelta(days=9)
    for version, ends in ((1, later), (2, None)):
        with registered.begin() as unit:
            client = unit.clients.get(OWN)
            assert client is not None
            unit.clients.replace(replace(client, expires_at=ends), expected_version=version)
        at = (ENDS if ends else later) + timedelta(seconds=1)
        with registered.begin() as unit:
            assert show_out(unit, at=at, limit=10) == 1
            assert show_out(unit, at=at, limit=10) == 0
            assert unit.clients.get(OWN) is not None
            free = unit.registrations.take_place(ClientId("own-two"), until=ENDS, most=1)
            assert free is (ends is None)
