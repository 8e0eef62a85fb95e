"""Unclaimed starts on every Ephemeral store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from idp.store.starts import EphemeralStarts
from mobile_flow.model import ApprovalId, FlowKind
from tests.contract.store.phones import a_start
from tests.contract.store.stand_ins import MINUTE, Clock, TestVault

if TYPE_CHECKING:
    from idp.store.short_lived import Ephemeral

STATIC = a_start("STATIC", kind=FlowKind.STATIC, code="ABCD2345", browser="ef" * 32)


@pytest.fixture
def starts(ephemeral: Ephemeral, clock: Clock) -> EphemeralStarts:
    return EphemeralStarts(ephemeral, TestVault(), now=clock)


def test_a_start_is_found_by_identifier_code_and_browser(starts: EphemeralStarts) -> None:
    starts.put(a_start(), lasts=MINUTE)
    starts.put(STATIC, lasts=MINUTE)
    assert starts.get(a_start().id) == a_start()
    assert starts.by_code("ABCD2345") == STATIC
    assert starts.of_browser(STATIC.browser) == STATIC
    assert starts.of_browser(a_start().browser) == a_start()


@pytest.mark.parametrize("word", ["", "OTHER", "x" * 100_000, "\x00"])
def test_what_nobody_started_is_not_found(starts: EphemeralStarts, word: str) -> None:
    starts.put(a_start(), lasts=MINUTE)
    assert starts.get(ApprovalId(word)) is None
    assert starts.by_code(word) is None
    assert starts.of_browser(word) is None


def test_a_renewed_code_replaces_the_former(starts: EphemeralStarts) -> None:
    starts.put(STATIC, lasts=MINUTE)
    renewed = a_start("STATIC", kind=FlowKind.STATIC, code="WXYZ6789", browser="ef" * 32)
    starts.put(renewed, lasts=MINUTE)
    assert starts.by_code("ABCD2345") is None
    assert starts.by_code("WXYZ6789") == renewed


def test_a_dropped_start_is_gone_by_every_way(starts: EphemeralStarts) -> None:
    starts.put(STATIC, lasts=MINUTE)
    starts.drop(STATIC.id)
    starts.drop(STATIC.id)
    assert starts.get(STATIC.id) is None
    assert starts.by_code("ABCD2345") is None
    assert starts.of_browser(STATIC.browser) is None


def test_a_start_ends_by_our_own_clock(starts: EphemeralStarts, clock: Clock) -> None:
    starts.put(a_start(), lasts=MINUTE)
    clock.move(MINUTE)
    assert starts.get(a_start().id) is None


def test_a_limit_counts_from_one_under_each_key(starts: EphemeralStarts) -> None:
    counted = [starts.bump(key, lasts=MINUTE) for key in ("a", "a", "b\ud800", "a")]
    assert counted == [1, 2, 1, 3]


def test_a_code_is_not_readable_in_the_store(starts: EphemeralStarts, ephemeral: Ephemeral) -> None:
    starts.put(STATIC, lasts=MINUTE)
    assert ephemeral.get("ABCD2345") is None
    assert ephemeral.get("start-code:ABCD2345") is None


def test_what_a_browser_began_last_is_known_after_it_was_claimed(
    starts: EphemeralStarts, clock: Clock
) -> None:
    assert starts.last_of(STATIC.browser) is None
    starts.put(STATIC, lasts=MINUTE)
    starts.drop(STATIC.id)
    assert starts.last_of(STATIC.browser) == STATIC.id
    for _ in range(5):
        clock.move(MINUTE)
    assert starts.last_of(STATIC.browser) is None
    assert starts.last_of("") is None


def test_so_many_wait_at_one_place_and_one_browser_is_one(
    starts: EphemeralStarts, clock: Clock
) -> None:
    def begun(name: str, *, where: str = "here") -> bool:
        start = a_start(name, browser=name[:1] * 64)
        if not starts.occupy(where, start, most=2):
            return False
        starts.put(start, lasts=MINUTE)
        return True

    assert [begun("A1"), begun("B1"), begun("A2"), begun("C1")] == [True, True, True, False]
    assert begun("C1", where="there")
    starts.drop(ApprovalId("B1"))
    assert [begun("C2"), begun("D1")] == [True, False]
    clock.move(MINUTE)
    assert begun("D1")


def test_who_is_shut_out_is_so_until_the_end_of_it(starts: EphemeralStarts, clock: Clock) -> None:
    assert starts.shut_until("somebody") is None
    until = clock() + 2 * MINUTE
    starts.shut("somebody", until=until)
    clock.move(MINUTE)
    assert starts.shut_until("somebody") == until
    assert starts.shut_until("somebody else") is None
    clock.move(MINUTE)
    assert starts.shut_until("somebody") is None
