"""When a key enters its next state, as a table: the ring, the minutes that passed, what is due."""

from __future__ import annotations

from datetime import timedelta

import pytest

from keys import states
from keys.errors import KeyUnknown, PolicyRefused, StepRefused
from keys.ports import KeyRecord, State
from keys.states import RingPolicy, Step
from tests.unit.keys.rows import MINUTE, START, a_policy

DAY = timedelta(days=1)
POLICY = a_policy("ES256")


def a_key(
    kid: str, state: State, *, entered: timedelta = timedelta(0), algorithm: str = "ES256"
) -> KeyRecord:
    """A key that entered ``state`` this long after the start."""
    times = {f"{state.value}_at": START + entered}
    return KeyRecord(kid=kid, algorithm=algorithm, state=state, **{"announced_at": START, **times})


SIGNS = a_key("s", State.SIGNING)
WAITS = a_key("w", State.ANNOUNCED, entered=80 * DAY)
ENDS = a_key("e", State.RETIRING)
GONE = a_key("g", State.RETIRED)


def to(state: State, kid: str | None = None, algorithm: str = "ES256") -> Step:
    return Step(algorithm=algorithm, to=state, kid=kid)


TABLE = {
    "a young signing key is left alone": ([SIGNS], DAY, []),
    "a successor is announced so early that it can take over in time": (
        [SIGNS],
        90 * DAY - 15 * MINUTE,
        [to(State.ANNOUNCED)],
    ),
    "and not a moment before": ([SIGNS], 90 * DAY - 15 * MINUTE - timedelta(microseconds=1), []),
    "an announced key waits until every cache must know it": (
        [SIGNS, WAITS],
        80 * DAY + 14 * MINUTE,
        [],
    ),
    "then it takes over": (
        [SIGNS, WAITS],
        80 * DAY + 15 * MINUTE,
        [to(State.RETIRING, "s"), to(State.SIGNING, "w")],
    ),
    "also where nothing signed": ([WAITS], 81 * DAY, [to(State.SIGNING, "w")]),
    "a retiring key stays until what it signed is over": ([SIGNS, ENDS], 10 * MINUTE, []),
    "then it is retired": ([SIGNS, ENDS], 11 * MINUTE, [to(State.RETIRED, "e")]),
    "a retired key stays retired": ([SIGNS, GONE], 30 * DAY, []),
    "an algorithm without a key gets one announced, as caches do not know it": (
        [GONE],
        DAY,
        [to(State.ANNOUNCED)],
    ),
    "the signing key of an algorithm that was dropped retires": (
        [SIGNS, a_key("x", State.SIGNING, algorithm="RS256")],
        DAY,
        [to(State.RETIRING, "x", "RS256")],
    ),
    "its announced key is given up": (
        [SIGNS, a_key("x", State.ANNOUNCED, algorithm="RS256")],
        DAY,
        [to(State.RETIRED, "x", "RS256")],
    ),
    "its retiring key goes by the same clock as any other": (
        [SIGNS, a_key("x", State.RETIRING, algorithm="RS256")],
        DAY,
        [to(State.RETIRED, "x", "RS256")],
    ),
}


@pytest.mark.parametrize(("ring", "passed", "steps"), TABLE.values(), ids=TABLE.keys())
def test_what_is_due(ring: list[KeyRecord], passed: timedelta, steps: list[Step]) -> None:
    assert list(states.due(tuple(ring), POLICY, START + passed)) == steps


def test_each_algorithm_of_the_policy_goes_its_own_way() -> None:
    ring = (SIGNS, a_key("x", State.SIGNING, entered=DAY, algorithm="PS256"))
    policy = a_policy("ES256", "PS256", "EdDSA")
    assert states.due(ring, policy, START + 90 * DAY) == (
        to(State.ANNOUNCED),
        to(State.ANNOUNCED, algorithm="EdDSA"),
    )


def test_the_first_keys_sign_at_once() -> None:
    assert states.first(a_policy("EdDSA", "ES256")) == (
        to(State.SIGNING, algorithm="EdDSA"),
        to(State.SIGNING),
    )


def test_one_successor_an_algorithm_is_announced_and_no_more() -> None:
    assert states.announcing((SIGNS,), "ES256", POLICY) == (to(State.ANNOUNCED),)
    with pytest.raises(StepRefused, match="announced already: w"):
        states.announcing((SIGNS, WAITS), "ES256", POLICY)
    assert states.rotating((SIGNS, WAITS), a_policy("ES256", "RS256")) == (
        to(State.ANNOUNCED, algorithm="RS256"),
    )


def test_an_algorithm_that_the_configuration_does_not_keep_gets_no_key() -> None:
    with pytest.raises(StepRefused, match=r"keys\.algorithms"):
        states.announcing((SIGNS,), "PS256", POLICY)
    with pytest.raises(PolicyRefused):
        states.announcing((SIGNS,), "HS256", POLICY)


def test_promoting_before_caches_know_the_key_must_be_meant() -> None:
    ring, early = (SIGNS, WAITS), START + 80 * DAY + MINUTE
    with pytest.raises(StepRefused, match="--early"):
        states.promoting(ring, "w", POLICY, early, early=False)
    steps = (to(State.RETIRING, "s"), to(State.SIGNING, "w"))
    assert states.promoting(ring, "w", POLICY, early, early=True) == steps
    assert states.promoting(ring, "w", POLICY, early + DAY, early=False) == steps


@pytest.mark.parametrize("key", [SIGNS, ENDS, GONE])
def test_only_an_announced_key_can_be_promoted(key: KeyRecord) -> None:
    with pytest.raises(StepRefused, match=key.state.value):
        states.promoting((key,), key.kid, POLICY, START, early=True)


@pytest.mark.parametrize(
    ("ring", "kid", "steps"),
    [
        ((SIGNS, WAITS), "s", (to(State.RETIRED, "s"), to(State.SIGNING, "w"))),
        ((SIGNS,), "s", (to(State.RETIRED, "s"), to(State.SIGNING))),
        ((SIGNS, WAITS), "w", (to(State.RETIRED, "w"),)),
        ((SIGNS, ENDS), "e", (to(State.RETIRED, "e"),)),
    ],
)
def test_a_key_retired_in_an_emergency_has_a_replacement_that_signs_at_once(
    ring: tuple[KeyRecord, ...], kid: str, steps: tuple[Step, ...]
) -> None:
    assert states.withdrawing(ring, kid) == steps


def test_what_is_not_there_or_over_cannot_be_moved() -> None:
    with pytest.raises(StepRefused, match="retired"):
        states.withdrawing((GONE,), "g")
    with pytest.raises(KeyUnknown):
        states.withdrawing((SIGNS,), "nobody")
    with pytest.raises(KeyUnknown):
        states.promoting((SIGNS,), "nobody", POLICY, START, early=True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"algorithms": ()}, "at least one"),
        ({"algorithms": ("ES256", "ES256")}, "each once"),
        ({"algorithms": ("none",)}, "no such algorithm"),
        ({"announce": 9 * MINUTE}, "twice"),
        ({"signing": 15 * MINUTE}, "longer than"),
        ({"retiring": -MINUTE}, "negative"),
    ],
)
def test_a_policy_that_would_break_caches_or_tokens_is_refused(
    change: dict[str, object], says: str
) -> None:
    values = {name: getattr(POLICY, name) for name in RingPolicy.__dataclass_fields__}
    with pytest.raises(PolicyRefused, match=says):
        RingPolicy(**{**values, **change})


def test_an_operator_is_told_when_policy_moves_each_key_on() -> None:
    assert [states.outlook(key, POLICY) for key in (SIGNS, WAITS, ENDS, GONE)] == [
        START + 90 * DAY,
        START + 80 * DAY + 15 * MINUTE,
        START + 11 * MINUTE,
        None,
    ]
