"""The number, the yes, the no, and their use: each once, whatever is sent again or too late."""

from __future__ import annotations

import json
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from idp.store.sql.approvals import ApprovalRows
from mobile_flow import transcript
from mobile_flow.errors import (
    ApprovalCancelled,
    ApprovalExpired,
    ApprovalUnknown,
    ApprovalUsed,
    DeviceRemoved,
    NotApproved,
    PhoneFrozen,
)
from mobile_flow.limits import Limits
from mobile_flow.model import ApprovalState, FlowKind
from mobile_flow.reading import decoded, encoded
from mobile_flow.sim.authenticator import BE, BS, UP, UV, client_data
from mobile_flow.sim.phone import PhoneRefused
from tests.unit.mobile.desk import (
    AN,
    BO,
    BROWSER,
    ISSUER,
    LOGIN,
    OTHER_BROWSER,
    SECOND,
    MobileDesk,
    Phone,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mobile_flow.model import Approval, Start


@pytest.fixture
def matched(desk: MobileDesk) -> tuple[Phone, Start]:
    """A phone that scanned and typed the right number."""
    phone, start = desk.phone(), desk.open()
    phone.scan(desk.picture(start))
    phone.number(desk.number(start))
    return phone, start


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(PhoneRefused) as refused:
        act()
    return refused.value.code


# --- the number ---------------------------------------------------------------------------------


def test_the_right_number_brings_what_is_to_be_signed(
    desk: MobileDesk, matched: tuple[Phone, Start]
) -> None:
    phone, start = matched
    signed = decoded(phone.approval["transcript"])
    assert phone.approval["options"]["challenge"] == encoded(transcript.challenge(signed))
    assert phone.approval["options"]["userVerification"] == "required"
    assert [one["id"] for one in phone.approval["options"]["allowCredentials"]] == [
        encoded(phone.row.credential.id)
    ]
    members = transcript.read(signed)
    assert (members["sid"], members["browser_hash"]) == (start.id, BROWSER)
    assert (members["number_match"], members["return_origin"]) == (True, ISSUER)
    assert desk.state(start) is ApprovalState.MATCHED


def test_the_number_is_shown_only_until_it_was_typed(
    desk: MobileDesk, matched: tuple[Phone, Start]
) -> None:
    _, start = matched
    assert desk.approvals.standing(LOGIN, browser=start.browser).number is None


def test_a_wrong_number_ends_it_and_there_is_no_second_try(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    phone.scan(desk.picture(start))
    right, wrong = desk.number(start), desk.wrong_number(start)
    assert refusal(lambda: phone.number(wrong)) == "number_wrong"
    assert refusal(lambda: phone.number(right)) == "number_wrong"
    assert desk.state(start) is ApprovalState.WRONG_NUMBER
    assert phone.look()["state"] == "wrong_number"


def test_a_malformed_number_is_no_try(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    phone.scan(desk.picture(start))
    for typed in ("", "4", "421", "4x", "٤٢"):
        assert refusal(lambda typed=typed: phone.number(typed)) == "call_malformed"
    assert phone.number(desk.number(start))["state"] == "matched"


def test_the_same_number_may_be_sent_again(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    phone.scan(desk.picture(start))
    number = desk.number(start)
    first = dict(phone.number(number))
    desk.clock.move(3 * SECOND)
    again = dict(phone.number(number))
    assert (again["transcript"], again["options"]) == (first["transcript"], first["options"])


def test_another_number_after_the_right_one_ends_it(
    desk: MobileDesk, matched: tuple[Phone, Start]
) -> None:
    phone, start = matched
    assert refusal(lambda: [phone.number(str(n)) for n in range(10, 100)]) == "number_wrong"
    assert desk.state(start) is ApprovalState.WRONG_NUMBER


def test_numbers_tried_at_once_are_one_try(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    phone.scan(desk.picture(start))
    tried = [str(number) for number in range(10, 26)]
    if desk.number(start) in tried:
        tried[tried.index(desk.number(start))] = "99"
    together = threading.Barrier(len(tried))

    def guess(number: str) -> None:
        together.wait()
        with pytest.raises(Exception, match="number"):
            desk.approvals.number(start.id, phone.row, number)

    threads = [threading.Thread(target=guess, args=(number,)) for number in tried]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.state(start) is ApprovalState.WRONG_NUMBER
    assert len(desk.events("approval.decided")) == 1


def test_the_number_is_good_for_a_minute(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    phone.scan(desk.picture(start))
    number = desk.number(start)
    desk.clock.move(60 * SECOND)
    assert refusal(lambda: phone.number(number)) == "approval_expired"
    assert desk.state(start) is ApprovalState.EXPIRED


def test_three_wrong_numbers_freeze_the_persons_phones_for_a_quarter(desk: MobileDesk) -> None:
    phone, other = desk.phone(), desk.phone(BO)
    for _ in range(3):
        start = desk.open()
        phone.scan(desk.picture(start))
        refusal(partial(phone.number, desk.wrong_number(start)))
    start = desk.open()
    assert refusal(lambda: phone.scan(desk.picture(start))) == "phone_frozen"
    assert other.scan(desk.picture(start))["state"] == "claimed"
    other.refuse()
    assert len(desk.events("phone.frozen")) == 1
    desk.clock.move(15 * 60 * SECOND)
    assert phone.scan(desk.picture(desk.open()))["state"] == "claimed"


def test_two_wrong_numbers_in_a_quarter_freeze_nothing(desk: MobileDesk) -> None:
    phone = desk.phone()
    for _ in range(4):
        start = desk.open()
        phone.scan(desk.picture(start))
        refusal(partial(phone.number, desk.wrong_number(start)))
        desk.clock.move(8 * 60 * SECOND)
    assert phone.scan(desk.picture(desk.open()))["state"] == "claimed"


# --- the yes ------------------------------------------------------------------------------------


def test_an_approval_is_approved_and_the_browser_woken(
    desk: MobileDesk, matched: tuple[Phone, Start]
) -> None:
    phone, start = matched
    assert phone.approve()["state"] == "approved"
    assert desk.state(start) is ApprovalState.APPROVED
    assert desk.woken == [LOGIN] * 3
    assert desk.row(phone.row.id).credential.sign_count == 1
    decided = desk.events("approval.decided")[0]
    assert decided["details"]["decision"] == "approved"


def test_a_yes_before_the_number_is_refused(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    phone.scan(desk.picture(start))
    options = {"rpId": "idp.example", "challenge": encoded(b"c" * 32), "allowCredentials": []}
    assertion = phone.authenticator.get(options, origin=ISSUER)
    assert refusal(lambda: phone.approve(assertion)) == "number_missing"


def test_the_same_yes_may_be_sent_again_before_and_after_its_use(
    desk: MobileDesk, matched: tuple[Phone, Start]
) -> None:
    phone, start = matched
    assertion = phone.assertion()
    assert phone.approve(assertion)["state"] == "approved"
    assert phone.approve(assertion)["state"] == "approved"
    desk.prove(start)
    assert phone.approve(assertion)["state"] == "consumed"
    assert len(desk.events("approval.decided")) == 1


def test_a_second_yes_is_told_that_it_was_approved(
    desk: MobileDesk, matched: tuple[Phone, Start]
) -> None:
    phone, _ = matched
    options = phone.approval["options"]
    phone.approve()
    again = phone.authenticator.get(options, origin=ISSUER)
    assert refusal(lambda: phone.approve(again)) == "approval_used"
    assert len(desk.events("approval.decided")) == 1


def test_two_different_yeses_at_once_are_one(
    desk: MobileDesk, matched: tuple[Phone, Start]
) -> None:
    phone, start = matched
    answers = [json.dumps(phone.assertion()) for _ in range(4)]
    together = threading.Barrier(len(answers))
    ended: list[str] = []

    def approve(answer: str) -> None:
        together.wait()
        try:
            ended.append(desk.approvals.approve(start.id, phone.row, answer).state.value)
        except Exception as error:  # noqa: BLE001 - told apart below
            ended.append(type(error).__name__)

    threads = [threading.Thread(target=approve, args=(answer,)) for answer in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended.count("approved") == 1
    assert set(ended) <= {"approved", "ApprovalUsed", "CredentialCopied"}


def test_the_yes_of_another_phone_is_refused(
    desk: MobileDesk, matched: tuple[Phone, Start]
) -> None:
    first, _ = matched
    stranger, own = desk.phone(BO), desk.phone(AN, name="second")
    for other, code in ((stranger, "approval_unknown"), (own, "in_use")):
        other.approval = first.approval
        assertion = first.assertion()
        assert refusal(lambda other=other, given=assertion: other.approve(given)) == code


def test_a_yes_over_another_transcript_is_refused(
    desk: MobileDesk, matched: tuple[Phone, Start]
) -> None:
    phone, start = matched
    changed = transcript.read(decoded(phone.approval["transcript"])) | {"client_id": "bank"}
    challenge = encoded(transcript.challenge(transcript.canonical(changed)))
    options = {**phone.approval["options"], "challenge": challenge}
    assertion = phone.authenticator.get(options, origin=ISSUER)
    assert refusal(lambda: phone.approve(assertion)) == "credential_refused"
    assert phone.approve()["state"] == "approved"
    assert desk.state(start) is ApprovalState.APPROVED


@pytest.mark.parametrize("flags", [UV, UP, UP | UV | BE | BS], ids=["no UP", "no UV", "BE"])
def test_a_yes_without_the_persons_verification_or_of_a_copied_key_is_refused(
    matched: tuple[Phone, Start], flags: int
) -> None:
    phone, _ = matched
    bent = phone.authenticator.get(phone.approval["options"], origin=ISSUER, flags=flags)
    assert refusal(lambda: phone.approve(bent)) == "credential_refused"


def test_a_yes_made_in_a_foreign_page_is_refused(matched: tuple[Phone, Start]) -> None:
    phone, _ = matched
    options = phone.approval["options"]
    challenge = str(options["challenge"])
    for said in (
        client_data("webauthn.get", challenge, "https://evil.example"),
        client_data("webauthn.get", challenge, ISSUER, crossOrigin=True),
        client_data("webauthn.create", challenge, ISSUER),
    ):
        bent = phone.authenticator.get(options, origin=ISSUER, said=said)
        assert refusal(lambda bent=bent: phone.approve(bent)) == "credential_refused"


def test_a_late_yes_is_told_that_it_expired(desk: MobileDesk, matched: tuple[Phone, Start]) -> None:
    phone, start = matched
    desk.clock.move(180 * SECOND)
    assert refusal(phone.approve) == "approval_expired"
    with pytest.raises(ApprovalExpired):
        desk.prove(start)


def test_nothing_lives_longer_than_the_hard_end(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    desk.clock.move(179 * SECOND)
    phone.scan(desk.picture(start))
    phone.number(desk.number(start))
    desk.clock.move(121 * SECOND)
    assert refusal(phone.approve) == "approval_expired"


def test_a_phone_removed_meanwhile_approves_nothing(
    desk: MobileDesk, matched: tuple[Phone, Start]
) -> None:
    phone, start = matched
    assertion = phone.assertion()
    desk.enrolments.remove(AN, phone.row.id)
    with pytest.raises(DeviceRemoved):
        desk.approvals.approve(start.id, phone.row, json.dumps(assertion))


def test_a_person_approves_five_times_in_ten_minutes(desk: MobileDesk) -> None:
    phone = desk.phone()
    for number in range(5):
        desk.prove(desk.approved(phone, transaction=f"login-{number}", browser=f"{number:064}"))
    start = desk.open(transaction="login-6", browser="6" * 64)
    assert refusal(lambda: phone.scan(desk.picture(start))) == "too_many_approvals"
    desk.clock.move(601 * SECOND)
    start = desk.open(transaction="login-7", browser="7" * 64)
    assert phone.scan(desk.picture(start))["state"] == "claimed"


# --- the no, and the browser's change of mind ---------------------------------------------------


def test_a_refused_approval_is_over_and_the_browser_is_told(
    desk: MobileDesk, matched: tuple[Phone, Start]
) -> None:
    phone, start = matched
    assert phone.refuse()["state"] == "refused"
    assert phone.refuse()["state"] == "refused"
    assert desk.state(start) is ApprovalState.REFUSED
    assert refusal(phone.approve) == "approval_refused"


def test_nothing_is_refused_after_it_was_approved(
    desk: MobileDesk, matched: tuple[Phone, Start]
) -> None:
    phone, start = matched
    phone.approve()
    assert refusal(phone.refuse) == "approval_used"
    assert desk.state(start) is ApprovalState.APPROVED


def test_a_yes_after_the_browser_gave_up_is_told_so(
    desk: MobileDesk, matched: tuple[Phone, Start]
) -> None:
    phone, start = matched
    desk.approvals.cancel(LOGIN, browser=BROWSER)
    assert refusal(phone.approve) == "approval_cancelled"
    with pytest.raises(ApprovalCancelled):
        desk.prove(start)


def test_giving_up_after_the_yes_leaves_nothing_to_use(
    desk: MobileDesk, matched: tuple[Phone, Start]
) -> None:
    phone, start = matched
    phone.approve()
    desk.approvals.cancel(LOGIN, browser=BROWSER)
    with pytest.raises(ApprovalCancelled):
        desk.prove(start)


def test_another_browser_sees_nothing_and_ends_nothing(
    desk: MobileDesk, matched: tuple[Phone, Start]
) -> None:
    _, start = matched
    for act in (
        lambda: desk.approvals.frames(start.id, browser=OTHER_BROWSER),
        lambda: desk.approvals.standing(LOGIN, browser=OTHER_BROWSER),
        lambda: desk.approvals.cancel(LOGIN, browser=OTHER_BROWSER),
    ):
        with pytest.raises(ApprovalUnknown):
            act()
    assert desk.state(start) is ApprovalState.MATCHED


# --- its use ------------------------------------------------------------------------------------


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
    desk = MobileDesk(tmp_path, limits=Limits(starts_per_address=3, starts_per_browser=2))
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


# --- races that the store decides ---------------------------------------------------------------


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
