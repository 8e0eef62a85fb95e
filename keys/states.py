"""When a key enters its next state: pure functions of the ring, the policy and a moment.

    announced ──► signing ──► retiring ──► retired

An announced key is published and does not sign, until every cached JWKS must hold it. A retiring
key is published and no longer signs, until everything it signed is over. The very first keys of a
deployment sign at once, because nobody has cached anything; so does the replacement of a key that
an operator retired in an emergency, because waiting would mean not to sign at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from keys.algorithms import checked
from keys.errors import KeyUnknown, PolicyRefused, StepRefused
from keys.ports import KeyRecord, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PUBLISHED: Final = (State.SIGNING, State.ANNOUNCED, State.RETIRING)
_LIVES: Final = 2
"""How many lives of a cache a key is announced, so that a cache filled late has it too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RingPolicy:
    """What is kept and for how long.

    Attributes:
        algorithms: each has a signing key; the first is the default.
        announce: published before signing; at least twice ``jwks_max_age``.
        signing: how long a key signs.
        retiring: published after signing; at least the longest life of anything signed, with skew.
        jwks_max_age: the life of JWKS in caches.
        reread: how often a process looks whether the ring changed.
    """

    algorithms: tuple[str, ...]
    announce: timedelta
    signing: timedelta
    retiring: timedelta
    jwks_max_age: timedelta
    reread: timedelta

    def __post_init__(self) -> None:
        if not self.algorithms or len(set(self.algorithms)) != len(self.algorithms):
            raise PolicyRefused("keys.algorithms: name at least one, each once")
        for algorithm in self.algorithms:
            checked(algorithm)
        if self.announce < _LIVES * self.jwks_max_age:
            raise PolicyRefused(
                "keys.announce: at least twice keys.jwks_max_age, or caches would miss a key"
            )
        if self.signing <= self.announce:
            raise PolicyRefused("keys.signing: longer than keys.announce")
        if min(self.jwks_max_age, self.retiring, self.reread) < timedelta(0):
            raise PolicyRefused("keys: a negative time")


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A key enters a state; a fresh one where ``kid`` is ``None``."""

    algorithm: str
    to: State
    kid: str | None = None


def in_state(keys: Iterable[KeyRecord], state: State, algorithm: str) -> KeyRecord | None:
    """Give the key of this algorithm in this state: the oldest, where there are several."""
    found = [key for key in keys if key.state is state and key.algorithm == algorithm]
    return min(found, key=lambda key: (key.announced_at, key.kid), default=None)


# --- what is to be done -------------------------------------------------------------------------


def first(policy: RingPolicy) -> tuple[Step, ...]:
    """Plan the keys of a ring that never had one: they sign at once."""
    return tuple(Step(algorithm=algorithm, to=State.SIGNING) for algorithm in policy.algorithms)


def due(keys: tuple[KeyRecord, ...], policy: RingPolicy, at: datetime) -> tuple[Step, ...]:
    """Plan what policy and clock demand at this moment."""
    steps: list[Step] = []
    for algorithm in policy.algorithms:
        steps += _due_of(keys, policy, at, algorithm)
    for key in keys:
        if key.algorithm not in policy.algorithms:
            steps += _dropped(key)
        if key.retiring_at is not None and key.state is State.RETIRING:
            over = key.retiring_at + policy.retiring <= at
            steps += [_step(key, State.RETIRED)] if over else []
    return tuple(steps)


def _due_of(
    keys: tuple[KeyRecord, ...], policy: RingPolicy, at: datetime, algorithm: str
) -> list[Step]:
    signing = in_state(keys, State.SIGNING, algorithm)
    announced = in_state(keys, State.ANNOUNCED, algorithm)
    if announced is not None:
        if announced.announced_at + policy.announce > at:
            return []
        return _taking_over(announced, signing)
    if signing is None or _since(signing) + policy.signing - policy.announce <= at:
        return [Step(algorithm=algorithm, to=State.ANNOUNCED)]
    return []


def announcing(keys: tuple[KeyRecord, ...], algorithm: str, policy: RingPolicy) -> tuple[Step, ...]:
    """Plan a successor for one algorithm.

    Raises:
        StepRefused: one is announced, or the policy does not keep the algorithm.
    """
    if checked(algorithm) not in policy.algorithms:
        raise StepRefused(
            f"the configuration does not keep {algorithm}: add it to keys.algorithms, and the "
            "housekeeper announces a key"
        )
    waiting = in_state(keys, State.ANNOUNCED, algorithm)
    if waiting is not None:
        raise StepRefused(f"a key of {algorithm} is announced already: {waiting.kid}")
    return (Step(algorithm=algorithm, to=State.ANNOUNCED),)


def rotating(keys: tuple[KeyRecord, ...], policy: RingPolicy) -> tuple[Step, ...]:
    """Plan a successor for every algorithm that has none; they sign once announced long enough."""
    return tuple(
        Step(algorithm=algorithm, to=State.ANNOUNCED)
        for algorithm in policy.algorithms
        if in_state(keys, State.ANNOUNCED, algorithm) is None
    )


def promoting(
    keys: tuple[KeyRecord, ...], kid: str, policy: RingPolicy, at: datetime, *, early: bool
) -> tuple[Step, ...]:
    """Plan that an announced key signs now.

    Raises:
        KeyUnknown: no such key.
        StepRefused: it is not announced, or (unless ``early``) not for long enough.
    """
    key = _named(keys, kid)
    if key.state is not State.ANNOUNCED:
        raise StepRefused(f"the key is {key.state.value}; only an announced key can be promoted")
    ripe = key.announced_at + policy.announce
    if ripe > at and not early:
        raise StepRefused(
            f"the key was announced at {key.announced_at:%Y-%m-%d %H:%M} and may be missing in "
            f"caches until {ripe:%Y-%m-%d %H:%M} UTC; in an emergency add --early"
        )
    return tuple(_taking_over(key, in_state(keys, State.SIGNING, key.algorithm)))


def withdrawing(keys: tuple[KeyRecord, ...], kid: str) -> tuple[Step, ...]:
    """Plan that a key is gone at once; where it signed, its replacement signs at once.

    Raises:
        KeyUnknown: no such key.
        StepRefused: it is retired.
    """
    key = _named(keys, kid)
    if key.state is State.RETIRED:
        raise StepRefused("the key is retired")
    gone = _step(key, State.RETIRED)
    if key.state is not State.SIGNING:
        return (gone,)
    successor = in_state(keys, State.ANNOUNCED, key.algorithm)
    kid_of_successor = None if successor is None else successor.kid
    return (gone, Step(algorithm=key.algorithm, to=State.SIGNING, kid=kid_of_successor))


def _taking_over(successor: KeyRecord, signing: KeyRecord | None) -> list[Step]:
    former = [] if signing is None else [_step(signing, State.RETIRING)]
    return [*former, _step(successor, State.SIGNING)]


def _dropped(key: KeyRecord) -> list[Step]:
    """Plan the end of a key whose algorithm the policy no longer names."""
    if key.state is State.SIGNING:
        return [_step(key, State.RETIRING)]
    if key.state is State.ANNOUNCED:
        return [_step(key, State.RETIRED)]
    return []


def _step(key: KeyRecord, to: State) -> Step:
    return Step(algorithm=key.algorithm, to=to, kid=key.kid)


def _since(key: KeyRecord) -> datetime:
    return key.signing_at or key.announced_at


def _named(keys: tuple[KeyRecord, ...], kid: str) -> KeyRecord:
    found = [key for key in keys if key.kid == kid]
    if not found:
        raise KeyUnknown("no key has this identifier: see 'sesame keys list'")
    return found[0]


def outlook(key: KeyRecord, policy: RingPolicy) -> datetime | None:
    """Give when policy alone would move this key on; ``None`` once retired."""
    if key.state is State.ANNOUNCED:
        return key.announced_at + policy.announce
    if key.state is State.SIGNING:
        return _since(key) + policy.signing
    if key.state is State.RETIRING and key.retiring_at is not None:
        return key.retiring_at + policy.retiring
    return None


# --- doing it -----------------------------------------------------------------------------------


def moved(key: KeyRecord, to: State, at: datetime) -> KeyRecord:
    """Give the key in its next state."""
    if to is State.SIGNING:
        return replace(key, state=to, signing_at=at)
    if to is State.RETIRING:
        return replace(key, state=to, retiring_at=at)
    return replace(key, state=to, retired_at=at)


def changed(
    keys: tuple[KeyRecord, ...],
    steps: Iterable[Step],
    at: datetime,
    fresh: Callable[[str], KeyRecord],
) -> tuple[KeyRecord, ...]:
    """Give the rows that the steps change; ``fresh`` makes an announced key of an algorithm."""
    rows = []
    for step in steps:
        if step.kid is None:
            made = fresh(step.algorithm)
            rows.append(made if step.to is State.ANNOUNCED else moved(made, step.to, at))
        else:
            rows.append(moved(_named(keys, step.kid), step.to, at))
    return tuple(rows)
