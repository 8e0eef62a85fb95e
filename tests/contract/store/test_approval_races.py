"""The verbs of approving, in four processes at once: one claim, one try, one answer, one use."""

from __future__ import annotations

import pytest

from mobile_flow.model import ApprovalState
from tests.contract.store import approval_races as races
from tests.contract.store.racing import open_store, winners_of_processes

ROUNDS = 10


@pytest.fixture
def prepared(ledger_url: str) -> str:
    ledger = open_store("ledger", ledger_url)
    races.prepare(ledger, ROUNDS)
    ledger.close()
    return ledger_url


def test_whole_verbs_raced_by_processes_are_decided_once(prepared: str) -> None:
    every = (*races.ONE_WINNER, *races.AT_MOST_ONE, *races.COUNTED)
    won = winners_of_processes("ledger", prepared, every, rounds=ROUNDS)
    for race in races.ONE_WINNER:
        assert won[race.__name__] == [1] * ROUNDS, race.__name__
    for race in races.AT_MOST_ONE:
        assert max(won[race.__name__]) <= 1, race.__name__
    assert won[races.mistyping_on_several_phones.__name__] == [races.RACERS] * ROUNDS
    ledger = open_store("ledger", prepared)
    # However the tries fell, one wrong number among them ended it.
    assert races.states(ledger, "N", ROUNDS) == [ApprovalState.WRONG_NUMBER] * ROUNDS
    assert set(races.states(ledger, "D", ROUNDS)) <= {ApprovalState.CANCELLED}
    assert races.states(ledger, "U", ROUNDS) == [ApprovalState.CONSUMED] * ROUNDS
    # Four at once are counted as four: nobody slips through by being quick.
    assert races.frozen(ledger, ROUNDS) == [True] * ROUNDS
    ledger.close()
