"""The pool: bounded, last in first out, and without mercy for a connection that failed."""

from __future__ import annotations

from itertools import count

import pytest

from idp.store.pool import Pool
from idp.store.ports import StoreUnavailable


class Wires:
    """Numbered connections, and which of them were closed."""

    def __init__(self, most: int = 2) -> None:
        self._numbers = count(1)
        self.closed: list[int] = []
        self.broken = False
        self.pool: Pool[int] = Pool(
            connect=self.connect, close=self.closed.append, most=most, wait=0.0
        )

    def connect(self) -> int:
        if self.broken:
            raise StoreUnavailable("broken")
        return next(self._numbers)


def test_a_connection_given_back_is_the_next_one_taken() -> None:
    pool = Wires().pool
    first = pool.take()
    pool.give(first)
    assert pool.take() == first


def test_two_who_hold_at_once_never_hold_the_same() -> None:
    pool = Wires().pool
    assert pool.take() != pool.take()


def test_a_full_pool_says_so() -> None:
    pool = Wires(most=1).pool
    held = pool.take()
    with pytest.raises(StoreUnavailable):
        pool.take()
    pool.give(held)
    assert pool.take() == held


def test_a_failed_connection_takes_the_idle_ones_with_it() -> None:
    wires = Wires()
    one, two = wires.pool.take(), wires.pool.take()
    wires.pool.give(one)
    wires.pool.discard(two)
    assert sorted(wires.closed) == [one, two]
    assert wires.pool.take() not in {one, two}


def test_a_place_is_free_again_when_connecting_failed() -> None:
    wires = Wires(most=1)
    wires.broken = True
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="unavailable"):
            wires.pool.take()
    wires.broken = False
    assert wires.pool.take() == 1


def test_a_closed_pool_closes_what_comes_back() -> None:
    wires = Wires()
    one, two = wires.pool.take(), wires.pool.take()
    wires.pool.give(one)
    wires.pool.close()
    assert wires.closed == [one]
    wires.pool.give(two)
    assert wires.closed == [one, two]
    with pytest.raises(StoreUnavailable):
        wires.pool.take()


def test_a_connection_of_the_parent_is_neither_used_nor_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wires = Wires()
    parents = wires.pool.take()
    wires.pool.give(parents)
    monkeypatch.setattr("idp.store.pool.os.getpid", lambda: -1)
    assert wires.pool.take() != parents
    assert wires.closed == []
