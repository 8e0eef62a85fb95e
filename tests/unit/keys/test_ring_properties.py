"""What holds at every moment of every life of a ring, whatever operators and clocks do to it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from keys import states
from keys.errors import StepRefused
from keys.ports import KeyRecord, State
from tests.unit.keys.rows import MINUTE, START, a_policy

POLICY = a_policy("ES256", "EdDSA")
TOKEN_LIFE = 10 * MINUTE
"""Shorter than the policy's retiring period, as the policy demands."""

ORDER = list(State)
PAUSES = st.one_of(
    st.timedeltas(timedelta(0), timedelta(minutes=20)),
    st.timedeltas(timedelta(0), timedelta(days=100)),
)
ACTS = st.sampled_from(["advance", "rotate", "promote", "retire"])


class Life:
    """A ring of states alone, with the memory of what an e-service could have seen."""

    def __init__(self) -> None:
        self.at = START
        self.names = (f"key-{number}" for number in itertools.count())
        self.keys: tuple[KeyRecord, ...] = ()
        self.signed_until: dict[str, datetime] = {}
        self.retired_at_once: set[str] = set()
        self.unannounced: set[str] = set()
        self.do(states.first(POLICY))
        self.unannounced |= {key.kid for key in self.keys}

    def do(self, steps: tuple[states.Step, ...]) -> None:
        rows = states.changed(self.keys, steps, self.at, self.fresh)
        names = {row.kid for row in rows}
        before = {key.kid: key.state for key in self.keys}
        self.keys = (*(key for key in self.keys if key.kid not in names), *rows)
        for row in rows:
            former = before.get(row.kid)
            assert former is None or ORDER.index(former) < ORDER.index(row.state)

    def fresh(self, algorithm: str) -> KeyRecord:
        return KeyRecord(
            kid=next(self.names),
            algorithm=algorithm,
            state=State.ANNOUNCED,
            announced_at=self.at,
        )

    def sign(self) -> None:
        for key in self.keys:
            if key.state is State.SIGNING:
                self.signed_until[key.kid] = self.at + TOKEN_LIFE

    def act(self, act: str, pick: int) -> None:
        if act == "advance":
            self.do(states.due(self.keys, POLICY, self.at))
        elif act == "rotate":
            self.do(states.rotating(self.keys, POLICY))
        else:
            key = sorted(self.keys, key=lambda key: key.kid)[pick % len(self.keys)]
            self.by_hand(act, key)

    def by_hand(self, act: str, key: KeyRecord) -> None:
        try:
            if act == "promote":
                self.do(states.promoting(self.keys, key.kid, POLICY, self.at, early=False))
                return
            steps = states.withdrawing(self.keys, key.kid)
        except StepRefused:
            return
        self.retired_at_once.add(key.kid)
        self.do(steps)
        self.unannounced |= {one.kid for one in self.keys if one.signing_at == self.at}


@given(
    st.lists(st.tuples(PAUSES, ACTS, st.integers(0, 50)), max_size=30),
)
def test_the_invariants_of_a_ring(story: list[tuple[timedelta, str, int]]) -> None:
    life = Life()
    for pause, act, pick in story:
        life.at += pause
        life.sign()
        life.act(act, pick)
        for algorithm in POLICY.algorithms:
            of_it = [key for key in life.keys if key.algorithm == algorithm]
            # Exactly one signs, at most one waits to.
            assert sum(key.state is State.SIGNING for key in of_it) == 1
            assert sum(key.state is State.ANNOUNCED for key in of_it) <= 1
        for key in life.keys:
            # What may still come back can be verified, unless an operator decided otherwise.
            if life.signed_until.get(key.kid, START) > life.at:
                assert key.state in states.PUBLISHED or key.kid in life.retired_at_once
            # Nobody signs before caches know, but the first keys and an emergency's replacement.
            if key.signing_at is not None and key.kid not in life.unannounced:
                assert key.signing_at - key.announced_at >= POLICY.announce


@given(PAUSES)
def test_doing_what_is_due_leaves_nothing_due(pause: timedelta) -> None:
    life = Life()
    life.at += pause
    for _ in range(3):
        life.act("advance", 0)
    assert states.due(life.keys, POLICY, life.at) == ()


@given(st.permutations(range(4)), PAUSES)
def test_the_order_in_which_storage_gives_rows_decides_nothing(
    order: list[int], pause: timedelta
) -> None:
    life = Life()
    life.act("rotate", 0)
    life.at += pause
    shuffled = tuple(life.keys[index] for index in order)
    policy = replace(POLICY)
    first, second = (states.due(keys, policy, life.at) for keys in (life.keys, shuffled))
    assert set(first) == set(second)
