"""This was not me: the approval and what it opened end, and nobody asks by push for a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from idp.domain.assurance import Assurance
from idp.domain.event import AuthenticationEvent, SeededEvidence
from idp.domain.person import PersonId
from idp.domain.session import Session, SessionKey
from mobile_flow.errors import ApprovalRefused, PhoneFrozen
from mobile_flow.model import ApprovalState
from mobile_flow.sim.phone import PhoneRefused
from tests.unit.mobile.desk import AN, BO, LOGIN, OTHER_BROWSER, SECOND, SHOWN, MobileDesk

if TYPE_CHECKING:
    from mobile_flow.model import Start

DAY = 24 * 60 * 60 * SECOND


def open_session(desk: MobileDesk, start: Start, *, key: str = "s" * 64) -> SessionKey:
    """Use an approval to open a session, as the login does."""
    desk.prove(start, effect=f"session:{key}")
    session = Session(
        key=SessionKey(key),
        event=AuthenticationEvent(
            person=PersonId(AN),
            evidence=SeededEvidence(username="an"),
            acr=Assurance.SUBSTANTIAL,
            amr=("hwk",),
            at=desk.now,
        ),
        opened_at=desk.now,
        used_at=desk.now,
        sids={},
    )
    with desk.whole_ledger.begin() as unit:
        unit.sessions.open(session)
    return SessionKey(key)


def test_a_report_before_the_yes_refuses_it(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    phone.scan(desk.picture(start))
    assert phone.refuse(report=True)["state"] == "reported"
    assert desk.state(start) is ApprovalState.REPORTED
    assert desk.woken == [LOGIN, LOGIN]


def test_a_report_after_the_yes_leaves_nothing_to_use(desk: MobileDesk) -> None:
    phone = desk.phone()
    start = desk.approved(phone)
    phone.refuse(report=True)
    with pytest.raises(ApprovalRefused):
        desk.prove(start)


def test_a_report_after_its_use_ends_the_session_and_leaves_evidence(desk: MobileDesk) -> None:
    phone = desk.phone()
    start = desk.approved(phone)
    session = open_session(desk, start)
    desk.clock.move(3600 * SECOND)
    assert phone.refuse(report=True)["state"] == "reported"
    with desk.whole_ledger.read() as unit:
        found = unit.sessions.get(session)
    assert found is not None
    assert found.ended_at == desk.now
    reported = desk.events("approval.reported")[0]
    assert (reported["details"]["was"], reported["details"]["ended"]) == ("consumed", "yes")
    assert reported["transaction"] == LOGIN
    assert desk.events("session.ended")[0]["details"]["why"] == "reported"


def test_a_report_is_taken_from_any_phone_of_the_person_and_of_no_other(desk: MobileDesk) -> None:
    first, second, stranger = desk.phone(), desk.phone(AN, name="second"), desk.phone(BO)
    start = desk.approved(first)
    for phone in (second, stranger):
        phone.approval = first.approval
    with pytest.raises(PhoneRefused) as refused:
        stranger.refuse(report=True)
    assert refused.value.code == "approval_unknown"
    assert second.refuse(report=True)["state"] == "reported"
    assert desk.state(start) is ApprovalState.REPORTED


def test_a_report_may_be_sent_again(desk: MobileDesk) -> None:
    phone = desk.phone()
    desk.approved(phone)
    first = phone.refuse(report=True)
    assert phone.refuse(report=True) == first
    assert len(desk.events("approval.reported")) == 1


def test_something_that_expired_can_be_reported(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    phone.scan(desk.picture(start))
    desk.clock.move(400 * SECOND)
    assert phone.refuse(report=True)["state"] == "reported"


def test_nobody_asks_by_push_for_a_day_but_the_person_may_scan(desk: MobileDesk) -> None:
    phone, start = desk.phone(), desk.open()
    phone.scan(desk.picture(start))
    phone.refuse(report=True)

    def ask() -> None:
        with desk.ledger.begin() as unit:
            desk.approvals.ask(
                unit, AN, shown=SHOWN, transaction="ciba-1", expires_at=desk.now + 180 * SECOND
            )

    with pytest.raises(PhoneFrozen):
        ask()
    elsewhere = desk.open(browser=OTHER_BROWSER, transaction="login-2")
    assert phone.scan(desk.picture(elsewhere))["state"] == "claimed"
    desk.clock.move(DAY)
    ask()
    assert [one["state"] for one in phone.pending()] == ["pending"]


def test_a_report_is_told_to_the_persons_phones(desk: MobileDesk) -> None:
    phone, other = desk.phone(), desk.phone(AN, name="second")
    other.subscribe(desk.subscription())
    start = desk.open()
    phone.scan(desk.picture(start))
    before = desk.messages()
    phone.refuse(report=True)
    assert desk.messages() == before + 1
