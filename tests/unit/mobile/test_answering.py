"""The yes and the no: each once, whatever is sent again or too late."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from mobile_flow import transcript
from mobile_flow.errors import (
    ApprovalCancelled,
    ApprovalExpired,
    ApprovalUnknown,
    DeviceRemoved,
)
from mobile_flow.model import ApprovalState
from mobile_flow.reading import decoded, encoded
from mobile_flow.sim.authenticator import BE, BS, UP, UV, client_data
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
    refusal,
)

if TYPE_CHECKING:
    from mobile_flow.model import Start


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


@pytest.mark.parametrize(
    ("flags", "code"),
    [(UV, "refused"), (UP, "refused"), (UP | UV | BE | BS, "copied")],
    ids=["no UP", "no UV", "BE"],
)
def test_a_yes_without_the_persons_verification_or_of_a_copied_key_is_refused(
    matched: tuple[Phone, Start], flags: int, code: str
) -> None:
    phone, _ = matched
    bent = phone.authenticator.get(phone.approval["options"], origin=ISSUER, flags=flags)
    assert refusal(lambda: phone.approve(bent)) == f"credential_{code}"


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
