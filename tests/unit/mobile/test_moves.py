"""How an approval moves, whatever comes in whatever order: a model of every walk."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_flow import errors, moves
from mobile_flow.limits import Limits, site
from mobile_flow.model import OVER, ApprovalState, FlowKind
from tests.contract.store.phones import a_device, a_start, an_approval
from tests.contract.store.stand_ins import START

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mobile_flow.model import Approval

LIMITS = Limits()
Move = "Callable[[Approval, datetime], Approval]"
MOVES: dict[str, Callable[[Approval, datetime], Approval]] = {
    "take": lambda one, now: moves.take(one, a_device().id, now=now),
    "match": lambda one, now: moves.match(one, now=now, limits=LIMITS),
    "mistype": lambda one, now: moves.mistype(one, now=now),
    "approve": lambda one, now: moves.approve(
        one, assertion="{}", backed_up=False, now=now, limits=LIMITS
    ),
    "refuse": lambda one, now: moves.refuse(one, now=now),
    "report": lambda one, now: moves.report(one, now=now),
    "cancel": lambda one, now: moves.cancel(one, now=now),
    "consume": lambda one, _: moves.consume(one, effect=None),
    "contest": lambda one, _: moves.contest(one),
}
STEPS = st.lists(st.tuples(st.sampled_from(sorted(MOVES)), st.integers(0, 90)), max_size=12)


def walk(first: Approval, steps: list[tuple[str, int]]) -> list[Approval]:
    """Take what steps are possible, and give every stand on the way."""
    stands, now = [first], START
    for name, seconds in steps:
        now += timedelta(seconds=seconds)
        current = moves.settled(stands[-1], now)
        try:
            stands.append(MOVES[name](current, now))
        except errors.PhoneError:
            stands.append(current)
    return stands


@pytest.mark.parametrize(
    "first",
    [
        moves.claim(a_start(), a_device(), number="42", random=b"r", now=START, limits=LIMITS),
        an_approval(kind=FlowKind.PUSH, state=ApprovalState.PENDING, device=None, number=None),
    ],
    ids=["scanned", "pushed"],
)
@settings(max_examples=150)
@given(steps=STEPS)
def test_no_walk_leads_to_a_use_but_through_a_match_and_a_yes(
    first: Approval, steps: list[tuple[str, int]]
) -> None:
    stands = walk(first, steps)
    states = [one.state for one in stands]
    if ApprovalState.CONSUMED in states:
        used = states.index(ApprovalState.CONSUMED)
        assert ApprovalState.APPROVED in states[:used]
        assert ApprovalState.MATCHED in states[:used]
        assert stands[used].assertion is not None
        assert stands[used].decided_at is not None
    for before, after in itertools.pairwise(states):
        if before in OVER:
            assert after in {before, ApprovalState.REPORTED}
    for before_, after_ in itertools.pairwise(stands):
        assert after_.version in {before_.version, before_.version + 1}
        assert (after_.id, after_.person, after_.number) == (first.id, first.person, first.number)
    ends = [
        one.expires_at - first.opened_at
        for one in stands
        if one.state is not ApprovalState.APPROVED
    ]
    assert stands[-1].state is not ApprovalState.CLAIMED or ends[-1] <= LIMITS.hard_end


@given(state=st.sampled_from(list(ApprovalState)))
def test_every_state_says_what_became_of_it(state: ApprovalState) -> None:
    with pytest.raises(errors.PhoneError) as told:
        moves.demand(an_approval(state=state))
    assert told.value.code != errors.PhoneError.code


@given(state=st.sampled_from(list(ApprovalState)), late=st.integers(0, 400))
def test_only_what_is_undecided_expires(state: ApprovalState, late: int) -> None:
    one = an_approval(state=state)
    now = START + timedelta(seconds=late)
    expired = now >= one.expires_at and state in moves.UNDECIDED
    assert moves.settled(one, now).state is (ApprovalState.EXPIRED if expired else state)


def test_a_phone_never_gets_the_number() -> None:
    assert moves.for_phone(an_approval(number="42")).number is None
    assert moves.for_phone(an_approval(number="42")) == replace(an_approval(), number=None)


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", "unknown"),
        ("999.1.1.1", "unknown"),
    ],
)
def test_an_address_is_counted_with_its_neighbours(address: str, counted: str) -> None:
    assert site(address) == counted
