"""One phone, one number, one decision, one step: exactly once, whoever else tries."""

from __future__ import annotations

import pytest

from mobile_flow.model import EnrolmentState
from tests.contract.store import phone_races as races
from tests.contract.store.racing import open_store, winners_of_processes, winners_of_threads

ROUNDS = 40


@pytest.fixture
def prepared(ledger_url: str) -> str:
    ledger = open_store("ledger", ledger_url)
    races.prepare(ledger, ROUNDS)
    ledger.close()
    return ledger_url


def test_processes_racing_about_phones_have_one_winner_a_round(prepared: str) -> None:
    won = winners_of_processes("ledger", prepared, races.RACES, rounds=ROUNDS)
    assert won == {race.__name__: [1] * ROUNDS for race in races.RACES}
    ledger = open_store("ledger", prepared)
    assert races.left_of_finished(ledger, ROUNDS) == [(1, EnrolmentState.DONE)] * ROUNDS
    ledger.close()


def test_threads_racing_about_phones_have_one_winner_a_round(prepared: str) -> None:
    ledger = open_store("ledger", prepared)
    won = winners_of_threads(ledger, races.RACES, rounds=ROUNDS // 4)
    ledger.close()
    assert won == {race.__name__: [1] * (ROUNDS // 4) for race in races.RACES}


def test_the_control_that_looks_before_it_decides_has_several_winners(prepared: str) -> None:
    race = races.carelessly_deciding
    won = winners_of_processes("ledger", prepared, [race], rounds=ROUNDS)[race.__name__]
    assert won != [1] * ROUNDS
    assert max(won) > 1
