"""Asked by push: any phone of the person opens it, one of them answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mobile_flow import transcript
from mobile_flow.errors import ApprovalUnknown
from mobile_flow.model import FlowKind
from mobile_flow.reading import decoded
from mobile_flow.sim.phone import PhoneRefused
from tests.unit.mobile.desk import AN, BO, SECOND, SHOWN, MobileDesk

if TYPE_CHECKING:
    from collections.abc import Callable

    from mobile_flow.model import Approval

MESSAGE = "Factuur 2026-7"


@pytest.fixture
def ask(desk: MobileDesk) -> Callable[[], Approval]:
    def asked(*, lasts: int = 180) -> Approval:
        with desk.ledger.begin() as unit:
            return desk.approvals.ask(
                unit,
                AN,
                shown=replace(SHOWN, message=MESSAGE),
                transaction="ciba-1",
                expires_at=desk.now + lasts * SECOND,
            )

    return asked


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(PhoneRefused) as caught:
        act()
    return caught.value.code


def test_a_request_is_found_opened_and_approved(
    desk: MobileDesk, ask: Callable[[], Approval]
) -> None:
    phone, approval = desk.phone(), ask()
    waiting = phone.pending()
    assert [(one["id"], one["state"]) for one in waiting] == [(approval.id, "pending")]
    assert waiting[0]["needs_number"] is False
    opened = phone.open(approval.id)
    assert opened["shown"]["message"] == MESSAGE
    members = transcript.read(decoded(opened["transcript"]))
    assert (members["flow"], members["number_match"], members["browser_hash"]) == (
        "push",
        False,
        "",
    )
    phone.approve()
    with desk.ledger.begin() as unit:
        used, device = desk.approvals.prove(unit, approval.id)
    assert (used.kind, device.id) == (FlowKind.PUSH, phone.row.id)
    assert desk.woken == ["ciba-1"] * 2


def test_one_phone_answers_and_the_others_are_told(
    desk: MobileDesk, ask: Callable[[], Approval]
) -> None:
    first, second, approval = desk.phone(), desk.phone(AN, name="second"), ask()
    assert len(second.pending()) == 1
    first.open(approval.id)
    assert first.open(approval.id)["state"] == "matched"
    assert refused(lambda: second.open(approval.id)) == "in_use"
    assert second.pending() == []


def test_nobody_elses_phone_sees_it(desk: MobileDesk, ask: Callable[[], Approval]) -> None:
    stranger, approval = desk.phone(BO), ask()
    assert stranger.pending() == []
    assert refused(lambda: stranger.open(approval.id)) == "approval_unknown"
    stranger.approval = {"id": approval.id}
    assert refused(stranger.refuse) == "approval_unknown"
    with pytest.raises(ApprovalUnknown):
        desk.approvals.look(approval.id, stranger.row)


def test_it_is_refused_without_being_opened(desk: MobileDesk, ask: Callable[[], Approval]) -> None:
    phone, approval = desk.phone(), ask()
    phone.approval = {"id": approval.id}
    assert phone.refuse()["state"] == "refused"
    assert refused(lambda: phone.open(approval.id)) == "approval_refused"


def test_no_number_opens_it(desk: MobileDesk, ask: Callable[[], Approval]) -> None:
    phone, approval = desk.phone(), ask()
    phone.open(approval.id)
    assert refused(lambda: phone.number("42")) == "call_malformed"
    assert phone.approve()["state"] == "approved"


def test_it_ends_when_the_request_ends(desk: MobileDesk, ask: Callable[[], Approval]) -> None:
    phone, approval = desk.phone(), ask()
    desk.clock.move(180 * SECOND)
    assert phone.pending() == []
    assert refused(lambda: phone.open(approval.id)) == "approval_expired"


def test_phones_with_a_subscription_are_told_and_the_message_says_nothing(
    desk: MobileDesk, ask: Callable[[], Approval]
) -> None:
    phone = desk.phone()
    desk.phone(AN, name="second")
    phone.subscribe(desk.subscription())
    before = desk.messages()
    ask()
    assert desk.messages() == before + 1
    assert MESSAGE not in desk.last_message()


def test_a_message_that_was_swapped_after_it_was_shown_is_not_what_was_signed(
    desk: MobileDesk, ask: Callable[[], Approval]
) -> None:
    phone, approval = desk.phone(), ask()
    phone.open(approval.id)
    members = transcript.read(decoded(phone.approval["transcript"]))
    swapped = replace(approval.shown, message="Factuur 2026-8")
    assert members["message_digest"] != transcript.of_shown(swapped)["message_digest"]
    assert members["message_digest"] == transcript.of_shown(approval.shown)["message_digest"]


def test_a_phone_that_answers_something_else_opens_nothing_that_was_pushed(
    desk: MobileDesk, ask: Callable[[], Approval]
) -> None:
    phone, approval, start = desk.phone(), ask(), desk.open()
    phone.scan(desk.picture(start))
    assert refused(lambda: phone.open(approval.id)) == "device_busy"
    phone.refuse()
    assert phone.open(approval.id)["state"] == "matched"
