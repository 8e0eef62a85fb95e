"""Who answers: the first phone, once; the others are told."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mobile_flow import qr
from mobile_flow.errors import AlreadyClaimed, PhoneFrozen, StartGone
from mobile_flow.model import ApprovalState, FlowKind
from mobile_flow.sim.phone import PhoneRefused
from tests.unit.mobile.desk import AN, BO, LOGIN, RP_ID, SECOND, UNHURRIED, MobileDesk

if TYPE_CHECKING:
    from pathlib import Path


def code_of(refused: pytest.ExceptionInfo[PhoneRefused]) -> str:
    return refused.value.code


def test_a_phone_that_scans_is_asked_and_the_browser_shows_a_number(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    approval = phone.scan(desk.picture(start))
    assert (approval["state"], approval["needs_number"]) == ("claimed", True)
    assert approval["shown"]["client_domain"] == "shop.example"
    standing = desk.approvals.standing(LOGIN, browser=start.browser)
    assert standing.state is ApprovalState.CLAIMED
    assert standing.number is not None
    assert 10 <= int(standing.number) <= 99
    assert desk.woken == [LOGIN]


def test_no_answer_to_the_phone_holds_the_number(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    phone.scan(desk.picture(start))
    told = [phone.approval, phone.look(), *phone.pending()]
    assert all("number" not in approval for approval in told)
    assert start.key.hex() not in str(told)


def test_the_picture_is_gone_at_the_first_claim(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    phone.scan(desk.picture(start))
    shown = desk.approvals.frames(start.id, browser=start.browser)
    assert (shown.state, shown.frames) == (ApprovalState.CLAIMED, ())


def test_the_same_phone_may_send_its_claim_again_however_late(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    picture = desk.picture(start)
    first = phone.scan(picture)
    desk.clock.move(10 * SECOND)
    again = phone.scan(picture)
    assert again["id"] == first["id"]
    assert again["state"] == "claimed"
    assert len(desk.events("approval.claimed")) == 1


def test_a_second_phone_is_told_that_it_is_in_use_and_both_screens_say_so(desk: MobileDesk) -> None:
    first, second, start = desk.phone(), desk.phone(BO), desk.open()
    picture = desk.picture(start)
    first.scan(picture)
    with pytest.raises(PhoneRefused) as refused:
        second.scan(picture)
    assert code_of(refused) == "in_use"
    assert desk.approvals.standing(LOGIN, browser=start.browser).contested
    assert first.look()["contested"] is True
    assert len(desk.events("approval.contested")) == 1


def test_the_contested_first_phone_can_still_go_on(desk: MobileDesk) -> None:
    first, second, start = desk.phone(), desk.phone(BO), desk.open()
    picture = desk.picture(start)
    first.scan(picture)
    with pytest.raises(PhoneRefused):
        second.scan(picture)
    first.number(desk.number(start))
    first.approve()
    assert desk.state(start) is ApprovalState.APPROVED


def test_phones_that_claim_at_once_have_one_winner(desk: MobileDesk) -> None:
    start = desk.open()
    picture = desk.picture(start)
    phones = [desk.phone(AN, name=f"phone {number}") for number in range(5)]
    together = threading.Barrier(len(phones))
    ended: list[str] = []

    def scan(number: int) -> None:
        together.wait()
        try:
            ended.append(phones[number].scan(picture)["state"])
        except PhoneRefused as error:
            ended.append(error.code)

    threads = [threading.Thread(target=scan, args=(number,)) for number in range(len(phones))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["claimed"] + ["in_use"] * 4


def test_a_claimed_start_that_memory_brings_back_is_claimed_by_nobody_else(
    desk: MobileDesk,
) -> None:
    first, second, start = desk.phone(), desk.phone(BO), desk.open()
    first.scan(desk.picture(start))
    desk.starts.put(start, lasts=timedelta(minutes=3))
    with pytest.raises(PhoneRefused) as refused:
        second.scan(qr.frame(start, host=RP_ID, t=0))
    assert code_of(refused) == "in_use"
    assert desk.approvals.frames(start.id, browser=start.browser).frames == ()
    assert desk.state(start) is ApprovalState.CLAIMED


def test_a_stale_picture_is_refused_and_a_new_one_works(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    picture = desk.picture(start)
    desk.clock.move(5 * SECOND)
    with pytest.raises(PhoneRefused) as refused:
        phone.scan(picture)
    assert code_of(refused) == "frame_stale"
    assert phone.scan(desk.picture(start))["state"] == "claimed"


def test_a_picture_of_another_provider_is_refused(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    with pytest.raises(PhoneRefused) as refused:
        phone.scan(desk.picture(start).replace("IDP.EXAMPLE", "EVIL.EXAMPLE"))
    assert code_of(refused) == "frame_unreadable"


def test_five_forged_frames_kill_the_start(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    forged = desk.picture(start)[:-1] + "7"
    forged = forged if forged != desk.picture(start) else forged[:-1] + "6"
    for _ in range(5):
        with pytest.raises(PhoneRefused) as refused:
            phone.scan(forged)
        assert code_of(refused) == "frame_forged"
    with pytest.raises(PhoneRefused) as refused:
        phone.scan(forged)
    assert code_of(refused) == "start_gone"
    assert desk.approvals.frames(start.id, browser=start.browser).state is ApprovalState.EXPIRED
    assert desk.woken == [LOGIN]


def test_the_typed_code_claims_and_may_be_sent_again(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open(FlowKind.STATIC)
    assert start.code is not None
    first = phone.type_code(f"{start.code[:4].lower()}-{start.code[4:]}")
    assert (first["kind"], first["needs_number"]) == ("static", True)
    assert phone.type_code(start.code)["id"] == first["id"]


def test_a_typed_code_is_good_for_thirty_seconds(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open(FlowKind.STATIC)
    desk.clock.move(30 * SECOND)
    with pytest.raises(PhoneRefused) as refused:
        phone.type_code(start.code or "")
    assert code_of(refused) == "start_gone"


def test_a_renewed_code_replaces_the_one_before(desk: MobileDesk) -> None:
    phone, first = desk.phone(), desk.open(FlowKind.STATIC)
    second = desk.open(FlowKind.STATIC, again=True)
    with pytest.raises(PhoneRefused) as refused:
        phone.type_code(first.code or "")
    assert code_of(refused) == "start_gone"
    assert phone.type_code(second.code or "")["id"] == second.id


def test_renewing_never_disturbs_a_phone_that_claimed(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open(FlowKind.STATIC)
    phone.type_code(start.code or "")
    with pytest.raises(AlreadyClaimed):
        desk.open(FlowKind.STATIC, again=True)
    assert desk.state(start) is ApprovalState.CLAIMED


def test_a_new_start_of_the_login_cancels_what_a_phone_claimed(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    phone.scan(desk.picture(start))
    again = desk.open()
    assert phone.look()["state"] == "cancelled"
    assert desk.approvals.standing(LOGIN, browser=start.browser).start == again


def test_a_browser_has_one_live_start(desk: MobileDesk) -> None:
    phone, first = desk.phone(), desk.open()
    picture = desk.picture(first)
    desk.open(transaction="login-2")
    with pytest.raises(PhoneRefused) as refused:
        phone.scan(picture)
    assert code_of(refused) == "start_gone"


def test_a_phone_answers_one_request_at_a_time(desk: MobileDesk) -> None:
    phone, first = desk.phone(), desk.open()
    phone.scan(desk.picture(first))
    second = desk.open(transaction="login-2", browser="b2" * 32)
    with pytest.raises(PhoneRefused) as refused:
        phone.scan(desk.picture(second))
    assert code_of(refused) == "device_busy"
    phone.refuse()
    assert phone.scan(desk.picture(second))["id"] == second.id


def test_a_removed_phone_claims_nothing(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    desk.enrolments.remove(AN, phone.row.id)
    with pytest.raises(PhoneRefused) as refused:
        phone.scan(desk.picture(start))
    assert code_of(refused) == "device_removed"


def test_a_phone_that_tries_codes_like_a_machine_is_stopped(tmp_path: Path) -> None:
    desk = MobileDesk(tmp_path, limits=replace(UNHURRIED, tries_per_device=3))
    phone = desk.phone()
    codes = []
    for number in range(4):
        with pytest.raises(PhoneRefused) as refused:
            phone.type_code(f"0000000{number}")
        codes.append(code_of(refused))
    assert codes == ["start_gone"] * 3 + ["too_many_tries"]
    desk.close()


def test_a_frozen_person_claims_nothing_until_it_is_over(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    until = desk.now + 60 * SECOND
    with desk.ledger.begin() as unit:
        unit.phones.freeze(AN, kind="mobile", until=until)
    with pytest.raises(PhoneFrozen) as frozen:
        desk.approvals.claim(phone.row, desk.picture(start))
    assert frozen.value.until == until
    desk.clock.move(60 * SECOND)
    assert phone.scan(desk.picture(start))["state"] == "claimed"


def test_a_claim_fails_without_a_start(desk: MobileDesk) -> None:
    phone = desk.phone()
    with pytest.raises(StartGone):
        desk.approvals.claim(phone.row, f"HTTPS://IDP.EXAMPLE/Q/{'A' * 26}/0/{'A' * 16}")
