"""The outbox in threads: a slow client delays nobody else, and nothing is sent by two processes."""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.housekeeper.outbox import Delivery, NotDelivered
from idp.store.ports import VersionConflict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from idp.housekeeper.job import Round
    from idp.store.ports import Ledger
    from idp.store.upkeep import OutboxMessage
    from tests.contract.store.stand_ins import Clock

MINUTE = timedelta(minutes=1)
LONG = 20.0


class Clients:
    """Destinations: each notes what came; those named ``slow`` hold the thread until let go."""

    def __init__(self) -> None:
        self.came: Counter[str] = Counter()
        self.inside: Counter[str] = Counter()
        self.go = threading.Event()
        self.changed = threading.Condition()

    def __call__(self, message: OutboxMessage) -> None:
        name = message.destination
        with self.changed:
            self.inside[name] += 1
            self.changed.notify_all()
        if name.startswith("slow"):
            assert self.go.wait(LONG)
        with self.changed:
            self.came[name] += 1
            self.changed.notify_all()
        if name.startswith("bad"):
            raise NotDelivered("503")
        if name.startswith("faulty"):
            raise RuntimeError

    def until(self, seen: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(seen, timeout=LONG)


@pytest.fixture
def clients() -> Iterator[Clients]:
    made = Clients()
    yield made
    made.go.set()


class Process:
    """One housekeeper's delivery, with its lease."""

    def __init__(self, ledger: Ledger, clock: Clock, clients: Clients, name: str = "one") -> None:
        self.name = name
        self.ledger = ledger
        self.clock = clock
        self.delivery = Delivery(
            ledger, {"notice": clients}, now=clock, entropy=secrets.token_bytes, patience=0
        )
        self.fence = self.lease()

    def lease(self) -> int:
        with self.ledger.begin() as unit:
            fence = unit.leases.take("outbox", holder=self.name, at=self.clock.at, lasts=MINUTE / 2)
        assert fence is not None
        return fence

    def round(self) -> Round:
        return self.delivery.round(fence=self.fence, at=self.clock.at)

    def rounds(self, until: Callable[[], bool]) -> None:
        """Go round and round, as the loop does."""
        for _ in range(100_000):
            if until():
                return
            self.round()
        raise AssertionError


@pytest.fixture
def process(ledger: Ledger, clock: Clock, clients: Clients) -> Process:
    return Process(ledger, clock, clients)


def put(ledger: Ledger, clock: Clock, *destinations: str) -> None:
    with ledger.begin() as unit:
        for name in destinations:
            unit.outbox.add(kind="notice", destination=name, body=b"x", due_at=clock.at)


def left(ledger: Ledger, clock: Clock) -> list[OutboxMessage]:
    with ledger.read() as unit:
        return list(unit.outbox.due(at=clock.at + 1000 * MINUTE, limit=1000))


def test_a_slow_client_delays_nobody_else(
    ledger: Ledger, clock: Clock, clients: Clients, process: Process
) -> None:
    put(ledger, clock, *["slow"] * 200, *["quick"] * 20, *[""] * 20)
    process.rounds(lambda: clients.came["quick"] == 20 and clients.came[""] == 20)
    assert clients.came["slow"] == 0
    assert clients.inside["slow"] <= 2


def test_many_slow_clients_leave_threads_for_phones(
    ledger: Ledger, clock: Clock, clients: Clients, process: Process
) -> None:
    put(ledger, clock, *(f"slow-{number}" for number in range(100)), *[""] * 20)
    process.rounds(lambda: clients.came[""] == 20)
    assert sum(clients.inside.values()) - 20 <= 6


def test_nobody_starves_behind_a_dead_client(
    ledger: Ledger, clock: Clock, clients: Clients, process: Process
) -> None:
    put(ledger, clock, *["bad"] * 150, "quick")
    process.rounds(lambda: clients.came["quick"] == 1)
    process.rounds(lambda: not process.round().more)
    assert clients.came["bad"] == 150
    assert {message.attempts for message in left(ledger, clock)} == {1}


def test_a_fault_in_one_message_leaves_the_others_be(
    ledger: Ledger, clock: Clock, clients: Clients, process: Process
) -> None:
    put(ledger, clock, "faulty", "quick")
    process.rounds(lambda: not process.round().more)
    assert clients.came["quick"] == 1
    (message,) = left(ledger, clock)
    assert (message.destination, message.attempts) == ("faulty", 1)


def test_whoever_lost_the_lease_takes_no_message(
    ledger: Ledger, clock: Clock, clients: Clients, process: Process
) -> None:
    clock.move(MINUTE)
    other = Process(ledger, clock, clients, "other")
    put(ledger, clock, "quick")
    with pytest.raises(VersionConflict):
        process.round()
    assert clients.came["quick"] == 0
    other.rounds(lambda: clients.came["quick"] == 1)


def test_what_one_process_is_sending_no_other_sends_though_the_lease_moved(
    ledger: Ledger, clock: Clock, clients: Clients, process: Process
) -> None:
    put(ledger, clock, "slow")
    process.round()
    clients.until(lambda: clients.inside["slow"] == 1)
    clock.move(MINUTE * 2 / 3)
    other = Process(ledger, clock, clients, "other")
    assert not other.round().more
    clients.go.set()
    process.delivery.settle()
    clock.move(MINUTE)
    assert not other.round().more
    assert clients.came["slow"] == 1
    assert left(ledger, clock) == []


def test_what_a_dead_process_was_sending_another_sends_a_minute_later(
    ledger: Ledger, clock: Clock, clients: Clients, process: Process
) -> None:
    put(ledger, clock, "slow")
    process.round()
    clients.until(lambda: clients.inside["slow"] == 1)
    clock.move(MINUTE)
    other = Process(ledger, clock, clients, "other")
    other.round()
    clients.until(lambda: clients.inside["slow"] == 2)
    clients.go.set()
    process.delivery.settle()
    other.delivery.settle()
    assert left(ledger, clock) == []


def test_what_is_on_the_way_is_waited_for_at_the_end(
    ledger: Ledger, clock: Clock, clients: Clients, process: Process
) -> None:
    put(ledger, clock, "slow")
    process.round()
    clients.until(lambda: clients.inside["slow"] == 1)
    threading.Timer(0.05, clients.go.set).start()
    process.delivery.settle()
    assert left(ledger, clock) == []
