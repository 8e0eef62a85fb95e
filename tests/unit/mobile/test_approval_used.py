"""The use of an approval: once, in time, by its own browser; the store decides every race."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from idp.store.sql.approvals import ApprovalRows
from mobile_flow import transcript
from mobile_flow.errors import (
    ApprovalExpired,
    ApprovalUsed,
    DeviceRemoved,
    NotApproved,
    PhoneFrozen,
)
from mobile_flow.model import ApprovalState, FlowKind
from mobile_flow.reading import decoded
from tests.unit.mobile.desk import (
    AN,
    SECOND,
    UNHURRIED,
    MobileDesk,
    Phone,
    refusal,
)

if TYPE_CHECKING:
    from pathlib import Path

    from mobile_flow.model import Approval, Start


def test_an_approval_is_used_once(desk: MobileDesk) -> None:
    phone = desk.phone()
    start = desk.approved(phone)
    approval, device = desk.prove(start, effect="session:s")
    assert (approval.state, approval.effect) == (ApprovalState.CONSUMED, "session:s")
    assert device.id == phone.row.id
    with pytest.raises(ApprovalUsed):
        desk.prove(start)


def test_what_is_not_approved_proves_nothing(
    desk: MobileDesk, matched: tuple[Phone, Start]
) -> None:
    _, start = matched
    with pytest.raises(NotApproved):
        desk.prove(start)


def test_what_was_approved_waits_two_minutes_for_its_browser(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    phone.scan(desk.picture(start))
    phone.number(desk.number(start))
    desk.clock.move(179 * SECOND)
    phone.approve()
    desk.clock.move(119 * SECOND)
    assert desk.state(start) is ApprovalState.APPROVED
    desk.clock.move(SECOND)
    with pytest.raises(ApprovalExpired):
        desk.prove(start)


def test_a_phone_removed_after_its_yes_proves_nothing(desk: MobileDesk) -> None:
    phone = desk.phone()
    start = desk.approved(phone)
    desk.enrolments.remove(AN, phone.row.id)
    with pytest.raises(DeviceRemoved):
        desk.prove(start)


def test_a_freeze_after_the_yes_proves_nothing(desk: MobileDesk) -> None:
    start = desk.approved(desk.phone())
    with desk.ledger.begin() as unit:
        unit.phones.freeze(AN, kind="mobile", until=desk.now + 60 * SECOND)
    with pytest.raises(PhoneFrozen):
        desk.prove(start)


def test_uses_at_once_are_one(desk: MobileDesk) -> None:
    start = desk.approved(desk.phone())
    together = threading.Barrier(4)
    ended: list[str] = []

    def prove() -> None:
        together.wait()
        try:
            ended.append(desk.prove(start)[0].state.value)
        except ApprovalUsed:
            ended.append("used")

    threads = [threading.Thread(target=prove) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["consumed", "used", "used", "used"]


def test_a_static_code_walks_the_same_way_and_says_so_in_the_transcript(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open(FlowKind.STATIC)
    phone.type_code(start.code or "")
    phone.number(desk.number(start))
    assert transcript.read(decoded(phone.approval["transcript"]))["flow"] == "static"
    phone.approve()
    assert desk.prove(start)[0].kind is FlowKind.STATIC


def test_starts_are_limited_by_browser_and_by_address(tmp_path: Path) -> None:
    limits = replace(UNHURRIED, starts_per_address=3, starts_per_browser=2)
    desk = MobileDesk(tmp_path, limits=limits)
    ended = []
    for number in range(5):
        try:
            desk.open(browser=f"{number // 2:064}", address="2001:db8::" + str(number))
            ended.append("open")
        except Exception as error:  # noqa: BLE001 - compared below
            ended.append(type(error).__name__)
    assert ended == ["open", "open", "open", "TooManyStarts", "TooManyStarts"]
    assert desk.open(browser="9" * 64, address="2001:db8:0:1::1")
    with pytest.raises(Exception, match="browser"):
        [desk.open(browser="9" * 64, address="192.0.2.9") for _ in range(3)]
    desk.close()


@pytest.fixture
def losing(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many of the next moves somebody else is quicker with; the store then says no."""
    left = [0]
    move = ApprovalRows.move_approval

    def quicker(rows: ApprovalRows, moved: Approval, *, version: int) -> bool:
        if left[0]:
            left[0] -= 1
            return False
        return move(rows, moved, version=version)

    monkeypatch.setattr(ApprovalRows, "move_approval", quicker)
    return left


def test_who_loses_a_race_reads_again_and_nothing_is_noted_twice(
    desk: MobileDesk, matched: tuple[Phone, Start], losing: list[int]
) -> None:
    phone, _ = matched
    losing[0] = 2
    assert phone.approve()["state"] == "approved"
    assert len(desk.events("approval.decided")) == 1


def test_who_loses_every_race_is_told_to_ask_again(
    desk: MobileDesk, matched: tuple[Phone, Start], losing: list[int]
) -> None:
    phone, start = matched
    losing[0] = 99
    assert refusal(phone.approve) == "approval_moving"
    losing[0] = 0
    assert desk.state(start) is ApprovalState.MATCHED
    assert phone.approve()["state"] == "approved"


def test_a_use_that_loses_its_race_uses_nothing(desk: MobileDesk, losing: list[int]) -> None:
    start = desk.approved(desk.phone())
    losing[0] = 1
    with pytest.raises(ApprovalUsed):
        desk.prove(start)
    assert desk.prove(start)[0].state is ApprovalState.CONSUMED
