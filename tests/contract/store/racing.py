"""Races: several processes (or threads) do the same thing at the same moment, many rounds long.

A race is a function of (store, round, racer) that tells whether this racer won. ``winners`` gives
the number of winners of each round; a fair store has exactly one. A racer whom the store sends away
unheard (nothing was decided, as on a busy machine) comes again, as a client of the store would.
"""

from __future__ import annotations

import multiprocessing
import secrets
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from idp.store.opening import open_ephemeral, open_ledger
from idp.store.ports import StoreUnavailable
from keys.errors import RecordsUnavailable
from tests.contract.store.stand_ins import Clock, TestVault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.synchronize import Barrier

    Race = Callable[[Any, int, int], bool]

RACERS = 4
MOST_TRIES = 20
PATIENCE = 180.0


def open_store(kind: str, url: str) -> Any:
    opener: Any = open_ephemeral if kind == "ephemeral" else _open_ledger
    return opener(url, now=Clock(), entropy=secrets.token_bytes)


def _open_ledger(url: str, **given: Any) -> Any:
    return open_ledger(url, TestVault(), **given)


def _run(
    store: Any, races: Sequence[Race], rounds: int, racer: int, together: Callable[[], object]
) -> list[list[bool]]:
    won = []
    for race in races:
        results = []
        for number in range(rounds):
            together()
            results.append(_heard(race, store, number, racer))
        won.append(results)
    return won


def _heard(race: Race, store: Any, number: int, racer: int) -> bool:
    for _ in range(MOST_TRIES):
        with suppress(StoreUnavailable, RecordsUnavailable):
            return race(store, number, racer)
    return race(store, number, racer)


def _process(
    store_of: tuple[str, str],
    races: Sequence[Race],
    rounds: int,
    racer: int,
    barrier: Barrier,
    results: Any,
) -> None:
    store = open_store(*store_of)
    results.put(_run(store, races, rounds, racer, lambda: barrier.wait(PATIENCE)))
    store.close()


def winners_of_processes(
    kind: str, url: str, races: Sequence[Race], *, rounds: int
) -> dict[str, list[int]]:
    """Race in ``RACERS`` processes; give the winners of each round by the race's name.

    Each is forked from a process that has imported what they need, and has opened nothing.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.contract.store.racing", *{r.__module__ for r in races}])
    barrier, results = context.Barrier(RACERS), context.Queue()
    processes = [
        context.Process(
            target=_process, args=((kind, url), races, rounds, racer, barrier, results), daemon=True
        )
        for racer in range(RACERS)
    ]
    for process in processes:
        process.start()
    collected = [results.get(timeout=PATIENCE) for _ in processes]
    for process in processes:
        process.join(PATIENCE)
    results.close()
    results.join_thread()
    return _counted(races, rounds, collected)


def winners_of_threads(store: Any, races: Sequence[Race], *, rounds: int) -> dict[str, list[int]]:
    """Race in ``RACERS`` threads of this process."""
    barrier = threading.Barrier(RACERS)
    collected: list[list[list[bool]]] = []

    def racing(racer: int) -> None:
        collected.append(_run(store, races, rounds, racer, lambda: barrier.wait(PATIENCE)))

    threads = [threading.Thread(target=racing, args=(racer,)) for racer in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(collected) == RACERS
    return _counted(races, rounds, collected)


def _counted(
    races: Sequence[Race], rounds: int, collected: list[list[list[bool]]]
) -> dict[str, list[int]]:
    return {
        race.__name__: [sum(one[index][number] for one in collected) for number in range(rounds)]
        for index, race in enumerate(races)
    }
