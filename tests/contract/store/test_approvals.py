"""Approvals, one-time passwords and freezes: what every Ledger decides about them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from idp.store.ports import Tampered
from mobile_flow.model import ApprovalId, ApprovalState, PersonRef
from tests.contract.store.phones import DAY, OWNER, an_approval, an_otp, bytes_of, moved
from tests.contract.store.stand_ins import MINUTE, START
from tests.contract.store.test_sealed_columns import as_operator

if TYPE_CHECKING:
    from idp.store.ports import Ledger

SOMEBODY = PersonRef("somebody")
FIRST = ApprovalId("APPROVAL1")


def test_the_first_phone_to_claim_has_the_approval(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        assert unit.phones.add_approval(an_approval())
    with ledger.begin() as unit:
        assert not unit.phones.add_approval(an_approval(device="phone-2", person=SOMEBODY))
        assert unit.phones.approval(FIRST) == an_approval()
        assert unit.phones.approval(ApprovalId("OTHER")) is None


def test_an_approval_moves_once_a_version_and_keeps_what_was_signed(ledger: Ledger) -> None:
    decided = moved(
        an_approval(),
        ApprovalState.APPROVED,
        transcript=bytes_of("transcript"),
        assertion='{"id":"x"}',
        backed_up=True,
        decided_at=START + MINUTE,
    )
    with ledger.begin() as unit:
        unit.phones.add_approval(an_approval())
        assert unit.phones.move_approval(decided, version=1)
        assert not unit.phones.move_approval(decided, version=1)
    with ledger.read() as unit:
        assert unit.phones.approval(FIRST) == decided


def test_the_newest_approval_of_a_login_counts(ledger: Ledger) -> None:
    newer = an_approval("APPROVAL2", opened_at=START + MINUTE)
    with ledger.begin() as unit:
        for approval in (newer, an_approval(), an_approval("ELSEWHERE", transaction="login-2")):
            unit.phones.add_approval(approval)
        assert unit.phones.approval_of("login-1") == newer
        assert unit.phones.approval_of("login-3") is None


def test_the_mark_of_a_login_grows_with_every_approval_and_every_move(ledger: Ledger) -> None:
    logins = ["login-1", *(f"nobody-{number}" for number in range(300)), "login-2"]

    def marks() -> tuple[int, int]:
        with ledger.read() as unit:
            first, *others, last = unit.phones.approval_marks(logins)
        assert set(others) == {0}
        return first, last

    seen = [marks()]
    with ledger.begin() as unit:
        unit.phones.add_approval(an_approval())
    seen.append(marks())
    with ledger.begin() as unit:
        unit.phones.move_approval(moved(an_approval(), ApprovalState.MATCHED), version=1)
    seen.append(marks())
    with ledger.begin() as unit:
        unit.phones.add_approval(an_approval("APPROVAL2"))
        unit.phones.add_approval(an_approval("ELSEWHERE", transaction="login-2"))
    seen.append(marks())
    assert [first for first, _ in seen] == sorted({first for first, _ in seen})
    assert [last for _, last in seen][:3] == [0, 0, 0]
    assert seen[3][1] > 0


def test_what_a_person_is_asked_now_is_told_from_what_was_asked_before(ledger: Ledger) -> None:
    pending = an_approval("PENDING", state=ApprovalState.PENDING, device=None)
    matched = an_approval("MATCHED", state=ApprovalState.MATCHED, opened_at=START + MINUTE)
    refused = an_approval("REFUSED", state=ApprovalState.REFUSED, decided_at=START + MINUTE)
    used = an_approval("USED", state=ApprovalState.CONSUMED, opened_at=START - MINUTE)
    with ledger.begin() as unit:
        for approval in (pending, matched, refused, used, an_approval("X", person=SOMEBODY)):
            unit.phones.add_approval(approval)
    with ledger.read() as unit:
        assert unit.phones.live_approvals(OWNER, at=START) == [matched, pending]
        assert unit.phones.live_approvals(OWNER, at=START + 3 * MINUTE) == []
        assert unit.phones.past_approvals(OWNER, at=START, limit=9) == [refused, used]
        assert unit.phones.past_approvals(OWNER, at=START, limit=1) == [refused]
        late = unit.phones.past_approvals(OWNER, at=START + 3 * MINUTE, limit=9)
        assert late == [matched, pending, refused, used]


def test_approvals_are_counted_by_the_time_of_their_decision(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        for number in range(3):
            unit.phones.add_approval(
                an_approval(
                    f"A{number}",
                    state=ApprovalState.WRONG_NUMBER,
                    decided_at=START + number * MINUTE,
                )
            )
        unit.phones.add_approval(an_approval("B", state=ApprovalState.PENDING))

        def count(since: int, *states: ApprovalState) -> int:
            at = START + since * MINUTE
            return unit.phones.count_approvals(OWNER, since=at, states=states)

        assert count(0, ApprovalState.WRONG_NUMBER) == 3
        assert count(1, ApprovalState.WRONG_NUMBER) == 2
        assert count(0, ApprovalState.WRONG_NUMBER, ApprovalState.PENDING) == 4
        assert count(1, ApprovalState.PENDING) == 0
        assert unit.phones.count_approvals(SOMEBODY, since=START, states=["pending"]) == 0


@pytest.mark.parametrize(
    "change", ["state = 'approved'", "person = 'somebody'", "login = 'login-2'", "version = 2"]
)
def test_an_approval_that_was_changed_from_outside_is_not_believed(
    ledger: Ledger, ledger_url: str, change: str
) -> None:
    with ledger.begin() as unit:
        unit.phones.add_approval(an_approval())
    as_operator(ledger_url, f"UPDATE approvals SET {change}")
    with pytest.raises(Tampered), ledger.read() as unit:
        unit.phones.approval(FIRST)


# --- one-time passwords ------------------------------------------------------------------------


def test_a_time_step_is_accepted_once_and_never_an_older_one(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        assert unit.phones.put_otp(an_otp())
        assert unit.phones.accept_step(OWNER, step=100, at=START)
        assert not unit.phones.accept_step(OWNER, step=100, at=START + MINUTE)
        assert not unit.phones.accept_step(OWNER, step=99, at=START + MINUTE)
        assert unit.phones.accept_step(OWNER, step=101, at=START + MINUTE)
        assert not unit.phones.accept_step(SOMEBODY, step=200, at=START)
    with ledger.read() as unit:
        expected = replace(an_otp(), last_step=101, confirmed_at=START)
        assert unit.phones.otp(OWNER) == expected
        assert unit.phones.otp_by_name(expected.login_name) == expected
        assert unit.phones.otp_by_name("another") is None


def test_a_login_name_belongs_to_one_person_and_a_person_has_one_secret(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        unit.phones.put_otp(an_otp())
        unit.phones.accept_step(OWNER, step=100, at=START)
        assert not unit.phones.put_otp(an_otp(SOMEBODY, login_name=an_otp().login_name))
        assert unit.phones.put_otp(an_otp(login_name="NEW", created_at=START + DAY))
        assert unit.phones.otp_by_name(an_otp().login_name) is None
        assert unit.phones.otp(OWNER) == an_otp(login_name="NEW", created_at=START + DAY)


def test_a_removed_secret_is_gone_with_its_name(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        unit.phones.put_otp(an_otp())
        assert unit.phones.remove_otp(OWNER, at=START)
        assert not unit.phones.remove_otp(OWNER, at=START)
        assert unit.phones.otp(OWNER) is None
        assert not unit.phones.accept_step(OWNER, step=100, at=START)
        assert unit.phones.put_otp(an_otp(SOMEBODY, login_name=an_otp().login_name))


def test_a_freeze_is_prolonged_and_never_shortened(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        assert unit.phones.frozen_until(OWNER, kind="push") is None
        unit.phones.freeze(OWNER, kind="push", until=START + DAY)
        unit.phones.freeze(OWNER, kind="push", until=START + MINUTE)
        unit.phones.freeze(OWNER, kind="mobile", until=START + MINUTE)
        assert unit.phones.frozen_until(OWNER, kind="push") == START + DAY
        assert unit.phones.frozen_until(OWNER, kind="mobile") == START + MINUTE
        assert unit.phones.frozen_until(SOMEBODY, kind="push") is None
