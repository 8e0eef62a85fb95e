"""The ring in one process: who signs, who is published, when it looks again, what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from keys.errors import (
    NoSigningKey,
    RecordsUnavailable,
    RingEmpty,
    RingMoved,
    RingOlder,
    RingTampered,
    StepRefused,
    TokenForged,
)
from keys.ports import Snapshot, State
from tests.unit.keys.rows import ME, MINUTE, START, a_ring, a_vault

if TYPE_CHECKING:
    from collections.abc import Callable

    from keys.ports import KeyRecord, RingChange
    from keys.ring import KeyRing
    from tests.unit.keys.rows import Clocks, RingInMemory

REREAD = timedelta(seconds=5)


def published(ring: KeyRing) -> list[str]:
    return [key["kid"] for key in json.loads(ring.jwks().body)["keys"]]


def of(ring: KeyRing, state: State) -> list[str]:
    return [key.kid for key in ring.list() if key.state is state]


def test_a_ring_that_never_had_a_key_signs_nothing_and_makes_none(
    rows: RingInMemory, clocks: Clocks
) -> None:
    ring = a_ring(rows, clocks)
    for ask in (ring.signer, ring.jwks, ring.list, lambda: ring.advance(by=ME)):
        with pytest.raises(RingEmpty, match="sesame setup"):
            ask()
    assert rows.changes == []


def test_the_first_keys_sign_at_once_and_are_made_once(rows: RingInMemory, clocks: Clocks) -> None:
    ring = a_ring(rows, clocks, "ES256", "EdDSA")
    moves = ring.begin(by=ME)
    assert [(move.algorithm, move.state) for move in moves] == [
        ("ES256", State.SIGNING),
        ("EdDSA", State.SIGNING),
    ]
    assert ring.begin(by=ME) == ()
    assert ring.algorithms() == ("ES256", "EdDSA")
    assert ring.signer().kid == moves[0].kid
    assert ring.signer("EdDSA").kid == moves[1].kid
    assert published(ring) == [move.kid for move in moves]


def test_a_token_is_opened_by_its_type_and_key(ring: KeyRing) -> None:
    token = ring.signer().sign({"sub": "an", "exp": 0}, typ="logout+jwt")
    assert ring.open(token, typ="logout+jwt") == {"sub": "an", "exp": 0}
    with pytest.raises(TokenForged):
        ring.open(token, typ="JWT")


def test_an_algorithm_without_a_signing_key_is_told_apart(ring: KeyRing) -> None:
    with pytest.raises(NoSigningKey, match="PS256"):
        ring.signer("PS256")


def test_a_default_that_does_not_sign_yet_gives_way_to_one_that_does(
    ring: KeyRing, rows: RingInMemory, clocks: Clocks
) -> None:
    changed = a_ring(rows, clocks, "EdDSA", "ES256")
    changed.advance(by=ME)
    assert changed.algorithms() == ("ES256",)
    assert changed.signer().kid == ring.signer().kid
    clocks.move(15 * MINUTE)
    changed.advance(by=ME)
    assert changed.signer().algorithm == "EdDSA"


def test_a_rotation_publishes_first_signs_then_and_forgets_last(
    ring: KeyRing, clocks: Clocks
) -> None:
    old = ring.signer()
    token = old.sign({"sub": "an"})
    (move,) = ring.rotate(by=ME)
    assert ring.signer().kid == old.kid
    assert published(ring) == [old.kid, move.kid]
    clocks.move(15 * MINUTE)
    ring.advance(by=ME)
    assert ring.signer().kid == move.kid
    assert published(ring) == [move.kid, old.kid]
    clocks.move(10 * MINUTE)
    assert ring.advance(by=ME) == ()
    assert ring.open(token, typ="JWT") == {"sub": "an"}
    clocks.move(MINUTE)
    ring.advance(by=ME)
    assert published(ring) == [move.kid]
    with pytest.raises(TokenForged):
        ring.open(token, typ="JWT")


def test_every_change_is_said_with_who_made_it(rows: RingInMemory, ring: KeyRing) -> None:
    (announced,) = ring.generate("ES256", by="operator:bo")
    ring.promote(announced.kid, by="operator:cy", early=True)
    first, second, third = rows.changes
    assert [change.by for change in rows.changes] == [ME, "operator:bo", "operator:cy"]
    assert [move.state for move in second.moves] == [State.ANNOUNCED]
    assert [(move.kid, move.state) for move in third.moves] == [
        (first.moves[0].kid, State.RETIRING),
        (announced.kid, State.SIGNING),
    ]
    assert (third.expected, third.generation, third.at) == (2, 3, START)


def test_a_key_retired_in_an_emergency_is_gone_and_replaced_in_one_change(
    ring: KeyRing, rows: RingInMemory
) -> None:
    old = ring.signer()
    token = old.sign({})
    moves = ring.retire(old.kid, by=ME)
    assert [move.state for move in moves] == [State.RETIRED, State.SIGNING]
    assert len(rows.changes) == 2
    assert published(ring) == [moves[1].kid] == [ring.signer().kid]
    with pytest.raises(TokenForged):
        ring.open(token, typ="JWT")


def test_a_key_that_will_never_sign_again_loses_its_private_half(
    ring: KeyRing, rows: RingInMemory
) -> None:
    old = ring.signer().kid
    (new,) = ring.rotate(by=ME)
    ring.promote(new.kid, by=ME, early=True)
    (row,) = (key for key in rows.held.keys if key.kid == old)
    vault = a_vault()
    context = f"{old}\x00ES256\x001".encode()
    assert vault.open("published-key", context, row.sealed)
    with pytest.raises(Exception, match="does not open"):
        vault.open("signing-key", context, row.sealed)


# --- other processes ----------------------------------------------------------------------------


def test_another_process_sees_a_change_when_it_looks_again(
    ring: KeyRing, rows: RingInMemory, clocks: Clocks
) -> None:
    other = a_ring(rows, clocks)
    before = other.signer().kid
    (move,) = ring.rotate(by=ME)
    ring.promote(move.kid, by=ME, early=True)
    clocks.move(REREAD - timedelta(microseconds=1))
    assert other.signer().kid == before
    clocks.move(timedelta(microseconds=1))
    assert other.signer().kid == move.kid


def test_looking_again_reads_one_number_while_nothing_changed(
    ring: KeyRing, rows: RingInMemory, clocks: Clocks
) -> None:
    document = ring.jwks()
    rows.asked.clear()
    for _ in range(3):
        clocks.move(REREAD)
        assert ring.jwks() is document
        ring.signer()
    assert rows.asked == ["generation"] * 3


def test_a_ring_older_than_one_seen_signs_nothing(
    ring: KeyRing, rows: RingInMemory, clocks: Clocks
) -> None:
    older = rows.held
    ring.rotate(by=ME)
    document = ring.jwks()
    rows.held = older
    clocks.move(REREAD)
    for _ in range(2):
        with pytest.raises(RingOlder, match="start every process again"):
            ring.signer()
    assert ring.jwks() is document


def test_storage_that_is_away_stops_signing_but_not_verifying_elsewhere(
    ring: KeyRing, rows: RingInMemory, clocks: Clocks
) -> None:
    document = ring.jwks()
    rows.away = True
    ring.signer()
    clocks.move(REREAD)
    with pytest.raises(RecordsUnavailable):
        ring.signer()
    assert ring.jwks() is document
    rows.away = False
    ring.signer()


def test_storage_that_was_never_there_gives_no_keys(rows: RingInMemory, clocks: Clocks) -> None:
    rows.away = True
    with pytest.raises(RecordsUnavailable):
        a_ring(rows, clocks).jwks()


def test_one_who_is_slower_plans_again_and_finds_it_done(
    ring: KeyRing, rows: RingInMemory, clocks: Clocks
) -> None:
    (move,) = ring.rotate(by=ME)
    other = a_ring(rows, clocks)
    beforehand = first_time(rows, lambda: other.promote(move.kid, by="other", early=True))
    with pytest.raises(StepRefused, match="signing"):
        ring.promote(move.kid, by=ME, early=True)
    assert beforehand == ["done"]
    assert [change.by for change in rows.changes] == [ME, ME, "other"]


def test_one_who_is_always_slower_gives_up(ring: KeyRing, rows: RingInMemory) -> None:
    def moved(change: RingChange) -> None:
        raise RingMoved(change.by)

    rows.commit = moved  # type: ignore[method-assign]
    with pytest.raises(RecordsUnavailable):
        ring.rotate(by=ME)


def first_time(rows: RingInMemory, act: Callable[[], object]) -> list[str]:
    """Let somebody else act just before the next commit."""
    commit, done = rows.commit, []

    def interrupted(change: RingChange) -> None:
        if not done:
            done.append("done")
            act()
        commit(change)

    rows.commit = interrupted  # type: ignore[method-assign]
    return done


# --- rows that were changed behind the ring -------------------------------------------------------


def with_key(rows: RingInMemory, change: Callable[[KeyRecord], KeyRecord]) -> Snapshot:
    first, *others = rows.held.keys
    return replace(rows.held, keys=(change(first), *others))


TAMPERING: dict[str, Callable[[RingInMemory], Snapshot]] = {
    "a state": lambda rows: with_key(rows, lambda key: replace(key, state=State.RETIRED)),
    "a time": lambda rows: with_key(rows, lambda key: replace(key, announced_at=START - MINUTE)),
    "an algorithm": lambda rows: with_key(rows, lambda key: replace(key, algorithm="PS256")),
    "a name": lambda rows: with_key(rows, lambda key: replace(key, kid="other")),
    "a sealed key": lambda rows: with_key(
        rows, lambda key: replace(key, sealed=key.sealed[:-1] + bytes([key.sealed[-1] ^ 1]))
    ),
    "a row's generation": lambda rows: with_key(rows, lambda key: replace(key, generation=7)),
    "the ring's generation": lambda rows: replace(rows.held, generation=9),
    "the seal": lambda rows: replace(rows.held, seal=bytes(32)),
    "no seal": lambda rows: replace(rows.held, seal=b""),
    "a row that was removed": lambda rows: replace(rows.held, keys=rows.held.keys[1:]),
    "every row that was removed": lambda rows: replace(rows.held, keys=()),
    "a row that came back from an earlier ring": lambda rows: replace(
        rows.held, keys=(rows.changes[0].keys[0], *rows.held.keys[1:])
    ),
}


@pytest.mark.parametrize("tampering", TAMPERING.values(), ids=TAMPERING.keys())
def test_what_was_changed_in_storage_is_found(
    rows: RingInMemory, clocks: Clocks, tampering: Callable[[RingInMemory], Snapshot]
) -> None:
    ring = a_ring(rows, clocks, "ES256", "EdDSA")
    ring.begin(by=ME)
    (move, _) = ring.rotate(by=ME)
    ring.promote(move.kid, by=ME, early=True)
    rows.held = tampering(rows)
    for ask in (a_ring(rows, clocks).signer, lambda: ring.advance(by=ME), ring.list):
        with pytest.raises(RingTampered):
            ask()


def test_a_ring_sealed_under_another_root_is_refused(
    ring: KeyRing, rows: RingInMemory, clocks: Clocks
) -> None:
    ring.signer()
    with pytest.raises(RingTampered):
        a_ring(rows, clocks, vault=a_vault(bytes(31) + b"\x01")).signer()


def test_the_archive_keeps_every_key_that_ever_signed(rows: RingInMemory, clocks: Clocks) -> None:
    ring = a_ring(rows, clocks, "ES256", "EdDSA")
    ring.begin(by=ME)
    first = [key.kid for key in ring.list()]
    published_then = {key["kid"]: key for key in json.loads(ring.jwks().body)["keys"]}
    for name in first:
        ring.retire(name, by=ME)
    ring.generate("ES256", by=ME)
    archived = {key["kid"]: key for key in ring.archive()}
    assert {kid: archived[kid] for kid in first} == published_then
    assert archived.keys() == {key.kid for key in ring.list() if key.signing_at is not None}
