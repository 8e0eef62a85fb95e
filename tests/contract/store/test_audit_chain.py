"""The chain over a real Ledger: sealed by the sealer, judged by the verifier, on every engine."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.audit.heads import HeadSigner
from idp.audit.seal import JOB, seal_round
from idp.audit.verify import verify, verify_end
from idp.domain import audit_event
from idp.store.ports import VersionConflict
from tests.contract.store.stand_ins import START, TestVault
from tests.contract.store.test_sealed_columns import as_operator

if TYPE_CHECKING:
    from idp.audit.verify import Report
    from idp.store.ports import Ledger

SIGNER = HeadSigner(bytes(32))
MINUTE = timedelta(minutes=1)


def report(ledger: Ledger) -> Report:
    return verify(ledger, TestVault(), SIGNER)


@pytest.fixture
def sealed(ledger: Ledger) -> Ledger:
    """Five rows in the chain, one head, and two rows that wait."""
    with ledger.begin() as unit:
        fence = unit.leases.take(JOB, holder="sealer", at=START, lasts=MINUTE)
        for epoch in range(5):
            unit.record(audit_event.epoch_bumped(epoch=epoch, at=START, actor="test"))
    assert fence is not None
    assert seal_round(ledger, SIGNER, fence=fence, at=START).rows == 5
    with ledger.begin() as unit:
        for epoch in range(2):
            unit.record(audit_event.epoch_bumped(epoch=epoch, at=START, actor="test"))
    return ledger


def test_an_untouched_trail_is_whole(sealed: Ledger) -> None:
    found = report(sealed)
    assert (found.rows, found.unsealed, found.heads, found.findings) == (5, 2, 1, ())


@pytest.mark.parametrize(
    ("change", "fault", "sequence"),
    [
        ("UPDATE audit SET payload = digest WHERE sequence = 3", "row_changed", 3),
        ("UPDATE audit SET payload = NULL WHERE sequence = 3", "row_erased", 3),
        ("UPDATE audit SET digest = link WHERE sequence = 3", "link_broken", 3),
        ("DELETE FROM audit WHERE sequence = 3", "row_missing", 3),
        ("DELETE FROM audit WHERE sequence > 3", "tail_cut", 4),
    ],
)
def test_what_an_operator_did_to_the_table_is_located(
    sealed: Ledger, ledger_url: str, change: str, fault: str, sequence: int
) -> None:
    as_operator(ledger_url, change)
    assert (fault, sequence) in [(one.fault, one.sequence) for one in report(sealed).findings]


def test_a_sealer_that_lost_its_lease_writes_nothing(sealed: Ledger) -> None:
    with sealed.begin() as unit:
        unit.leases.take(JOB, holder="other", at=START + MINUTE, lasts=MINUTE)
    with pytest.raises(VersionConflict):
        seal_round(sealed, SIGNER, fence=1, at=START + MINUTE)
    assert report(sealed).unsealed == 2


def test_a_quick_look_finds_a_whole_trail_whole_from_any_row(sealed: Ledger) -> None:
    for rows in range(1, 8):
        found = verify_end(sealed, TestVault(), SIGNER, rows=rows)
        assert (found.rows, found.heads, found.findings) == (5, 1, ())


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET payload = digest WHERE sequence = 4",
        "UPDATE audit SET payload = NULL WHERE sequence = 4",
        "UPDATE audit SET digest = link WHERE sequence = 4",
        "DELETE FROM audit WHERE sequence = 4",
        "DELETE FROM audit WHERE sequence > 3",
        "UPDATE audit_heads SET statement = 'forged'",
    ],
)
@pytest.mark.parametrize("rows", [2, 100])
def test_a_quick_look_finds_what_was_done_to_the_end(
    sealed: Ledger, ledger_url: str, change: str, rows: int
) -> None:
    as_operator(ledger_url, change)
    assert verify_end(sealed, TestVault(), SIGNER, rows=rows).findings


def test_the_last_head_is_the_one_that_saw_furthest(sealed: Ledger) -> None:
    assert seal_round(sealed, SIGNER, fence=1, at=START + MINUTE).head
    with sealed.read() as unit:
        heads = unit.audit.heads()
        assert (len(heads), unit.audit.last_head()) == (2, heads[-1])
