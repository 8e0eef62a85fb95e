"""The number that a phone must type: one try, a minute, and a freeze after three wrong ones."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from mobile_flow import transcript
from mobile_flow.model import ApprovalState
from mobile_flow.reading import decoded, encoded
from tests.unit.mobile.desk import (
    BO,
    BROWSER,
    ISSUER,
    LOGIN,
    SECOND,
    MobileDesk,
    Phone,
    refusal,
)

if TYPE_CHECKING:
    from mobile_flow.model import Start


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
