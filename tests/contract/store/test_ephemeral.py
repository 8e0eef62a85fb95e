"""The Ephemeral store's contract, on memory, the embedded file and Redis."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.store.opening import open_ephemeral
from idp.store.ports import VersionConflict
from idp.store.short_lived import Versioned

if TYPE_CHECKING:
    from idp.store.short_lived import Ephemeral
    from tests.contract.store.stand_ins import Clock

MINUTE = timedelta(minutes=1)


def test_what_was_put_is_there_as_version_one(ephemeral: Ephemeral) -> None:
    ephemeral.put("a", b"\x00\xffvalue", lasts=MINUTE)
    assert ephemeral.get("a") == Versioned(value=b"\x00\xffvalue", version=1)


def test_nothing_was_put_so_nothing_is_there(ephemeral: Ephemeral) -> None:
    assert ephemeral.get("a") is None
    assert ephemeral.take("a") is None


def test_putting_again_starts_again_at_version_one(ephemeral: Ephemeral) -> None:
    ephemeral.put("a", b"1", lasts=MINUTE)
    ephemeral.swap("a", b"2", version=1, lasts=MINUTE)
    ephemeral.put("a", b"3", lasts=MINUTE)
    assert ephemeral.get("a") == Versioned(value=b"3", version=1)


def test_a_value_taken_is_gone(ephemeral: Ephemeral) -> None:
    ephemeral.put("a", b"1", lasts=MINUTE)
    assert ephemeral.take("a") == b"1"
    assert ephemeral.take("a") is None
    assert ephemeral.get("a") is None


def test_a_value_is_gone_at_its_end_and_not_before(ephemeral: Ephemeral, clock: Clock) -> None:
    ephemeral.put("a", b"1", lasts=MINUTE)
    clock.move(MINUTE - timedelta(milliseconds=1))
    assert ephemeral.get("a") is not None
    clock.move(timedelta(milliseconds=1))
    assert ephemeral.get("a") is None
    assert ephemeral.take("a") is None


def test_an_ended_value_cannot_be_swapped(ephemeral: Ephemeral, clock: Clock) -> None:
    ephemeral.put("a", b"1", lasts=MINUTE)
    clock.move(MINUTE)
    with pytest.raises(VersionConflict):
        ephemeral.swap("a", b"2", version=1, lasts=MINUTE)


def test_a_swap_counts_the_version_up_and_starts_a_new_life(
    ephemeral: Ephemeral, clock: Clock
) -> None:
    ephemeral.put("a", b"1", lasts=MINUTE)
    ephemeral.swap("a", b"2", version=1, lasts=3 * MINUTE)
    clock.move(2 * MINUTE)
    assert ephemeral.get("a") == Versioned(value=b"2", version=2)


@pytest.mark.parametrize("version", [0, 2, 3])
def test_a_swap_against_another_version_changes_nothing(ephemeral: Ephemeral, version: int) -> None:
    ephemeral.put("a", b"1", lasts=MINUTE)
    with pytest.raises(VersionConflict):
        ephemeral.swap("a", b"2", version=version, lasts=MINUTE)
    assert ephemeral.get("a") == Versioned(value=b"1", version=1)


def test_a_swap_of_nothing_is_a_conflict(ephemeral: Ephemeral) -> None:
    with pytest.raises(VersionConflict):
        ephemeral.swap("a", b"2", version=1, lasts=MINUTE)
    assert ephemeral.get("a") is None


def test_a_count_starts_at_one_and_lives_from_its_first_bump(
    ephemeral: Ephemeral, clock: Clock
) -> None:
    assert [ephemeral.bump("a", lasts=MINUTE) for _ in range(3)] == [1, 2, 3]
    clock.move(MINUTE / 2)
    assert ephemeral.bump("a", lasts=MINUTE) == 4
    clock.move(MINUTE / 2)
    assert ephemeral.bump("a", lasts=MINUTE) == 1


def test_a_count_is_no_value_and_a_value_no_count(ephemeral: Ephemeral) -> None:
    ephemeral.bump("a", lasts=MINUTE)
    assert ephemeral.get("a") is None
    ephemeral.put("a", b"7", lasts=MINUTE)
    assert ephemeral.bump("a", lasts=MINUTE) == 2
    assert ephemeral.take("a") == b"7"


def test_the_largest_key_and_value_fit(ephemeral: Ephemeral) -> None:
    value = secrets.token_bytes(64 * 1024)
    ephemeral.put("k" * 200, value, lasts=MINUTE)
    assert ephemeral.take("k" * 200) == value


@pytest.mark.parametrize(
    ("key", "size", "lasts"),
    [
        ("", 1, MINUTE),
        ("k" * 201, 1, MINUTE),
        ("é", 1, MINUTE),
        ("k", 64 * 1024 + 1, MINUTE),
        ("k", 1, timedelta(0)),
    ],
)
def test_what_does_not_fit_is_refused_by_every_store(
    ephemeral: Ephemeral, key: str, size: int, lasts: timedelta
) -> None:
    with pytest.raises(ValueError, match=r"has|is longer"):
        ephemeral.put(key, b"x" * size, lasts=lasts)


def test_a_hint_without_a_listener_is_no_fault(ephemeral: Ephemeral) -> None:
    ephemeral.hint("transaction")


def test_the_generation_stays_while_nothing_was_lost(ephemeral: Ephemeral) -> None:
    ephemeral.put("a", b"1", lasts=MINUTE)
    first = ephemeral.generation()
    assert first
    assert ephemeral.generation() == first


def test_shared_stores_are_seen_from_every_opening(shared_ephemeral_url: str, clock: Clock) -> None:
    here = open_ephemeral(shared_ephemeral_url, now=clock, entropy=secrets.token_bytes)
    there = open_ephemeral(shared_ephemeral_url, now=clock, entropy=secrets.token_bytes)
    here.put("a", b"1", lasts=MINUTE)
    assert there.take("a") == b"1"
    assert here.get("a") is None
    assert here.generation() == there.generation()
    here.close()
    there.close()


def test_thousands_of_short_lives_leave_the_living_alone(
    ephemeral: Ephemeral, clock: Clock
) -> None:
    ephemeral.put("long", b"1", lasts=timedelta(hours=1))
    for number in range(600):
        ephemeral.put(f"short-{number}", b"1", lasts=timedelta(seconds=1))
        clock.move(timedelta(milliseconds=10))
    assert ephemeral.get("long") is not None
