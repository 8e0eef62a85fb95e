"""Tries are spent one by one, counted over restarts, and come back only when their time is over."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING

from idp.store.opening import open_ledger
from tests.contract.store.stand_ins import MINUTE, START, Clock, TestVault
from tests.contract.store.test_sealed_columns import as_operator

if TYPE_CHECKING:
    from datetime import datetime

    from idp.store.ports import Ledger


def spend(ledger: Ledger, who: str = "an", *, kind: str = "otp", at: datetime = START) -> bool:
    with ledger.begin() as unit:
        return unit.phones.spend_try(kind, who, most=2, at=at, lasts=MINUTE)


def give_back(ledger: Ledger, at: datetime = START) -> None:
    with ledger.begin() as unit:
        unit.phones.return_try("otp", "an", at=at)


def test_so_many_tries_and_no_more_until_their_time_is_over(ledger: Ledger) -> None:
    assert [spend(ledger) for _ in range(4)] == [True, True, False, False]
    last = START + MINUTE - (START - START.replace(microsecond=0))
    assert not spend(ledger, at=last)
    assert [spend(ledger, at=START + MINUTE) for _ in range(3)] == [True, True, False]


def test_a_try_without_effect_does_not_prolong_the_lock(ledger: Ledger) -> None:
    assert [spend(ledger), spend(ledger), spend(ledger, at=START + MINUTE / 2)] == [
        True,
        True,
        False,
    ]
    assert spend(ledger, at=START + MINUTE)


def test_everybody_and_every_kind_is_counted_apart(ledger: Ledger) -> None:
    assert [spend(ledger), spend(ledger), spend(ledger)] == [True, True, False]
    assert spend(ledger, "bo")
    assert spend(ledger, kind="other")


def test_a_try_that_was_given_back_is_there_again_and_only_that_one(ledger: Ledger) -> None:
    assert [spend(ledger), spend(ledger)] == [True, True]
    give_back(ledger)
    assert [spend(ledger), spend(ledger)] == [True, False]
    for _ in range(5):
        give_back(ledger)
    assert [spend(ledger) for _ in range(3)] == [True, True, False]


def test_nothing_is_given_back_to_a_count_that_is_over(ledger: Ledger) -> None:
    assert spend(ledger)
    give_back(ledger, at=START + MINUTE)
    assert [spend(ledger), spend(ledger)] == [True, False]


def test_what_was_spent_stays_spent_when_everything_was_closed(
    ledger: Ledger, ledger_url: str
) -> None:
    assert [spend(ledger), spend(ledger)] == [True, True]
    ledger.close()
    again = open_ledger(ledger_url, TestVault(), now=Clock(), entropy=secrets.token_bytes)
    assert not spend(again)
    again.close()


def test_a_unit_that_fails_spends_nothing(ledger: Ledger) -> None:
    class Fell(Exception):
        pass

    def fall() -> None:
        with ledger.begin() as unit:
            assert unit.phones.spend_try("otp", "an", most=2, at=START, lasts=MINUTE)
            raise Fell

    for _ in range(5):
        try:
            fall()
        except Fell:
            continue
    assert [spend(ledger) for _ in range(3)] == [True, True, False]


def test_the_table_names_nobody(ledger: Ledger, ledger_url: str) -> None:
    assert spend(ledger, "NAME-OF-AN")
    ((kind, who, tries),) = as_operator(ledger_url, "SELECT kind, who, tries FROM phone_tries")
    assert (kind, tries) == ("otp", 1)
    assert len(bytes(who)) == 32
    assert b"NAME" not in bytes(who)


def test_counts_that_are_over_are_purged_and_no_others(ledger: Ledger) -> None:
    spending = partial(spend, ledger)
    assert spending()
    assert spending("bo", at=START + 2 * MINUTE)
    with ledger.begin() as unit:
        assert unit.purge(before=START + 2 * MINUTE, limit=100) == 1
    assert [spending("bo", at=START + 2 * MINUTE) for _ in range(2)] == [True, False]
