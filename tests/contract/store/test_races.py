"""Exactly once, whoever else tries: processes for what is shared, threads for what is not.

The negative control runs the same races by checking first and acting afterwards; it must show more
than one winner, or these tests could not fail.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from idp.store.memory import MemoryEphemeral
from tests.contract.store import races
from tests.contract.store.racing import (
    open_store,
    winners_of_processes,
    winners_of_threads,
)
from tests.contract.store.stand_ins import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 200


@pytest.fixture
def prepared_ledger(ledger_url: str) -> str:
    ledger = open_store("ledger", ledger_url)
    races.prepare_ledger(ledger, ROUNDS)
    ledger.close()
    return ledger_url


@pytest.fixture
def prepared_ephemeral(shared_ephemeral_url: str) -> str:
    ephemeral = open_store("ephemeral", shared_ephemeral_url)
    races.prepare_ephemeral(ephemeral, ROUNDS)
    ephemeral.close()
    return shared_ephemeral_url


def test_processes_racing_at_the_ledger_have_one_winner_a_round(prepared_ledger: str) -> None:
    won = winners_of_processes("ledger", prepared_ledger, races.LEDGER_RACES, rounds=ROUNDS)
    assert won == {race.__name__: [1] * ROUNDS for race in races.LEDGER_RACES}


def test_processes_racing_at_the_ephemeral_store_have_one_winner_a_round(
    prepared_ephemeral: str,
) -> None:
    won = winners_of_processes(
        "ephemeral", prepared_ephemeral, races.EPHEMERAL_RACES, rounds=ROUNDS
    )
    assert won == {race.__name__: [1] * ROUNDS for race in races.EPHEMERAL_RACES}


def test_threads_racing_at_the_ledger_have_one_winner_a_round(prepared_ledger: str) -> None:
    ledger = open_store("ledger", prepared_ledger)
    won = winners_of_threads(ledger, races.LEDGER_RACES, rounds=ROUNDS // 4)
    ledger.close()
    assert won == {race.__name__: [1] * (ROUNDS // 4) for race in races.LEDGER_RACES}


def test_threads_racing_in_memory_have_one_winner_a_round() -> None:
    ephemeral = MemoryEphemeral(now=Clock(), entropy=secrets.token_bytes)
    races.prepare_ephemeral(ephemeral, ROUNDS)
    won = winners_of_threads(ephemeral, races.EPHEMERAL_RACES, rounds=ROUNDS)
    assert won == {race.__name__: [1] * ROUNDS for race in races.EPHEMERAL_RACES}


def test_the_control_that_checks_before_it_spends_has_several_winners(
    prepared_ledger: str,
) -> None:
    race = races.carelessly_spending_a_code
    won = winners_of_processes("ledger", prepared_ledger, [race], rounds=ROUNDS)
    shows(won[race.__name__])


@pytest.mark.parametrize("race", [races.carelessly_taking, races.carelessly_swapping])
def test_the_control_that_checks_before_it_takes_or_swaps_has_several_winners(
    prepared_ephemeral: str, race: Callable[[Any, int, int], bool]
) -> None:
    won = winners_of_processes("ephemeral", prepared_ephemeral, [race], rounds=ROUNDS)
    shows(won[race.__name__])


def shows(won: list[int]) -> None:
    """Demand that the judge of this module would have failed the careless race."""
    assert won != [1] * ROUNDS
    assert max(won) > 1
