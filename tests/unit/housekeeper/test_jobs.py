"""What the jobs do to a real Ledger: the chain grows, the expired go, messages leave."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.audit.heads import HeadSigner
from idp.audit.seal import seal_round
from idp.audit.verify import verify
from idp.domain.audit_event import epoch_bumped
from idp.housekeeper.jobs import jobs
from idp.housekeeper.loop import Housekeeper
from idp.housekeeper.outbox import NotDelivered
from tests.contract.store.stand_ins import TestVault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from idp.housekeeper.outbox import Handler
    from idp.store.ports import Ledger
    from idp.store.short_lived import Ephemeral
    from idp.store.upkeep import OutboxMessage
    from tests.contract.store.stand_ins import Clock

HOUR = timedelta(hours=1)
Once = "Callable[..., dict[str, int | None]]"


@pytest.fixture
def signer() -> HeadSigner:
    return HeadSigner(secrets.token_bytes(32))


@pytest.fixture
def once(ledger: Ledger, ephemeral: Ephemeral, signer: HeadSigner, clock: Clock) -> Once:
    def run(
        handlers: Mapping[str, Handler] | None = None, advanced: int = 0
    ) -> dict[str, int | None]:
        every = jobs(
            ledger=ledger,
            ephemeral=ephemeral,
            signer=signer,
            advance_keys=lambda: advanced,
            handlers=handlers or {},
            now=clock,
            entropy=secrets.token_bytes,
        )
        return Housekeeper(
            every,
            ledger=ledger,
            holder="one",
            now=clock,
            monotonic=clock.at.timestamp,
            wait=lambda _: True,
            entropy=secrets.token_bytes,
        ).once()

    return run


def record(ledger: Ledger, clock: Clock, count: int) -> None:
    with ledger.begin() as unit:
        for number in range(count):
            unit.record(epoch_bumped(epoch=number, at=clock.at, actor="test"))


def test_every_row_is_sealed_and_the_head_signed(
    ledger: Ledger, clock: Clock, signer: HeadSigner, once: Callable[..., dict[str, int]]
) -> None:
    record(ledger, clock, 1203)
    assert once()["audit.seal"] == 1203
    report = verify(ledger, TestVault(), signer)
    assert (report.rows, report.unsealed, report.heads, report.findings) == (1203, 0, 1, ())


def test_a_round_with_nothing_to_seal_only_reads(
    ledger: Ledger, clock: Clock, signer: HeadSigner, once: Callable[..., dict[str, int]]
) -> None:
    record(ledger, clock, 1)
    once()

    class ReadOnly:
        def __getattr__(self, name: str) -> object:
            assert name == "read"
            return getattr(ledger, name)

    seal_round(ReadOnly(), signer, fence=0, at=clock.at + HOUR)  # type: ignore[arg-type]


def test_a_head_is_signed_a_minute_later_though_nothing_new_waits(
    ledger: Ledger, clock: Clock, signer: HeadSigner, once: Callable[..., dict[str, int]]
) -> None:
    record(ledger, clock, 1)
    once()
    record(ledger, clock, 1)
    clock.move(timedelta(seconds=1))
    once()
    assert verify(ledger, TestVault(), signer).heads == 1
    clock.move(timedelta(seconds=60))
    once()
    assert verify(ledger, TestVault(), signer).heads == 2


def test_spent_marks_go_an_hour_after_their_end(
    ledger: Ledger, clock: Clock, once: Callable[..., dict[str, int]]
) -> None:
    with ledger.begin() as unit:
        for number in range(700):
            unit.spend("jti", str(number), until=clock.at)
    clock.move(HOUR)
    assert once()["purge"] == 0
    clock.move(timedelta(seconds=1))
    assert once()["purge"] == 700


def test_keys_are_advanced(once: Callable[..., dict[str, int]]) -> None:
    assert once(advanced=2)["keys"] == 2


def message(ledger: Ledger, clock: Clock) -> None:
    with ledger.begin() as unit:
        unit.outbox.add(
            kind="notice", destination="https://shop.example", body=b"bye", due_at=clock.at
        )


def waiting(ledger: Ledger, clock: Clock) -> list[OutboxMessage]:
    with ledger.read() as unit:
        return list(unit.outbox.due(at=clock.at + 1000 * HOUR, limit=100))


def test_a_message_is_delivered_and_forgotten(
    ledger: Ledger, clock: Clock, once: Callable[..., dict[str, int]]
) -> None:
    message(ledger, clock)
    seen: list[bytes] = []
    assert once({"notice": lambda found: seen.append(found.body)})["outbox"] == 1
    assert seen == [b"bye"]
    assert waiting(ledger, clock) == []


def test_a_kind_that_nobody_handles_waits_and_is_told(
    ledger: Ledger,
    clock: Clock,
    once: Callable[..., dict[str, int]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    message(ledger, clock)
    with caplog.at_level("INFO", logger="sesame"):
        assert once()["outbox"] == 0
    [left] = waiting(ledger, clock)
    assert left.due_at == clock.at + HOUR
    assert caplog.messages == ["outbox.waiting"]


def test_a_message_that_is_not_taken_comes_back_later_and_is_given_up_in_the_end(
    ledger: Ledger, clock: Clock, once: Callable[..., dict[str, int]]
) -> None:
    def away(_: OutboxMessage) -> None:
        raise NotDelivered("the e-service answered 503")

    message(ledger, clock)
    start, attempts = clock.at, 0
    while found := waiting(ledger, clock):
        clock.at = found[0].due_at
        once({"notice": away})
        attempts += 1
    assert attempts == 60
    assert timedelta(days=1) < clock.at - start < timedelta(days=3)
