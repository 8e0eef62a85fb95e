"""Clients that register themselves: invitations that are used up, places that run out."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.domain.client import ClientId
from idp.domain.invitation import Invitation
from idp.store.opening import open_ledger
from idp.store.ports import Duplicate, StoreUnavailable
from tests.contract.store.stand_ins import START, TestVault

if TYPE_CHECKING:
    from idp.store.ports import Ledger
    from tests.contract.store.stand_ins import Clock

ENDS = START + timedelta(days=7)


def an_invitation(digest: str = "ab" * 32, *, most: int = 1) -> Invitation:
    return Invitation(
        digest=digest, most=most, created_at=START, expires_at=ENDS, by="operator:op", note="shop"
    )


def test_an_invitation_is_used_as_often_as_it_says(ledger: Ledger) -> None:
    invitation = an_invitation(most=2)
    with ledger.begin() as unit:
        unit.registrations.invite(invitation)
    for used in (1, 2):
        with ledger.begin() as unit:
            accepted = unit.registrations.accept(invitation.digest, at=START)
        assert accepted is not None
        assert (accepted.used, accepted.reference) == (used, "ab" * 6)
    with ledger.begin() as unit:
        assert unit.registrations.accept(invitation.digest, at=START) is None
    with ledger.read() as unit:
        (kept,) = unit.registrations.invitations()
    assert (kept.used, kept.most, kept.note, kept.expires_at) == (2, 2, "shop", ENDS)


def test_an_invitation_that_is_over_unknown_or_withdrawn_is_none(ledger: Ledger) -> None:
    invitation = an_invitation()
    with ledger.begin() as unit:
        unit.registrations.invite(invitation)
        assert unit.registrations.accept(invitation.digest, at=ENDS) is None
        assert unit.registrations.accept("cd" * 32, at=START) is None
        assert unit.registrations.withdraw(invitation.digest)
        assert not unit.registrations.withdraw(invitation.digest)
        assert unit.registrations.accept(invitation.digest, at=START) is None


def test_what_was_rolled_back_used_nothing(ledger: Ledger) -> None:
    invitation = an_invitation()
    with ledger.begin() as unit:
        unit.registrations.invite(invitation)
    with pytest.raises(ZeroDivisionError), ledger.begin() as unit:  # noqa: PT012 - the unit fails
        assert unit.registrations.accept(invitation.digest, at=START)
        raise ZeroDivisionError
    with ledger.begin() as unit:
        assert unit.registrations.accept(invitation.digest, at=START)


def test_one_token_is_kept_once(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        unit.registrations.invite(an_invitation())
    with pytest.raises(Duplicate), ledger.begin() as unit:
        unit.registrations.invite(an_invitation())


def test_places_run_out_and_become_free_again(ledger: Ledger) -> None:
    one, two, three = (ClientId(name) for name in ("one", "two", "three"))
    with ledger.begin() as unit:
        assert unit.registrations.take_place(one, until=ENDS, most=2)
        assert unit.registrations.take_place(two, until=ENDS, most=2)
        assert not unit.registrations.take_place(three, until=ENDS, most=2)
    with ledger.begin() as unit:
        unit.registrations.leave(one)
        unit.registrations.leave(one)
        unit.registrations.leave(ClientId("never came"))
    with ledger.begin() as unit:
        assert unit.registrations.take_place(three, until=ENDS, most=2)
        assert not unit.registrations.take_place(one, until=ENDS, most=2)


def test_who_is_overdue_is_told_in_order(ledger: Ledger) -> None:
    names = [ClientId(f"c{number}") for number in range(4)]
    with ledger.begin() as unit:
        for number, name in enumerate(names):
            ends = START + timedelta(hours=number)
            assert unit.registrations.take_place(name, until=ends, most=9)
        unit.registrations.prolong(names[0], until=ENDS)
    with ledger.read() as unit:
        before = START + timedelta(hours=3)
        assert unit.registrations.overdue(before=before, limit=9) == names[1:3]
        assert unit.registrations.overdue(before=before, limit=1) == names[1:2]


def test_the_purge_takes_invitations_that_are_over(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        unit.registrations.invite(an_invitation())
        assert unit.purge(before=ENDS, limit=10) == 0
        assert unit.purge(before=ENDS + timedelta(seconds=1), limit=10) == 1
        assert unit.registrations.invitations() == []


def test_of_many_at_once_one_uses_the_last_place_and_the_last_invitation(
    ledger: Ledger, ledger_url: str, clock: Clock
) -> None:
    with ledger.begin() as unit:
        unit.registrations.invite(an_invitation())

    def come(number: int) -> bool:
        mine = open_ledger(ledger_url, TestVault(), now=clock, entropy=secrets.token_bytes)
        try:
            with mine.begin() as unit:
                accepted = unit.registrations.accept("ab" * 32, at=START) is not None
                name = ClientId(f"c{number}")
                placed = unit.registrations.take_place(name, until=ENDS, most=1)
                return accepted and placed
        except StoreUnavailable:
            return False
        finally:
            mine.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(come, range(8))) == 1
