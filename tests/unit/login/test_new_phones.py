"""After a login by card: is the phone that was added lately yours? Only a yes ends its wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.assurance import Assurance
from idp.domain.event import AuthenticationEvent, DeviceEvidence, MethodName
from idp.domain.person import PersonId
from idp.domain.session import Session, SessionKey
from idp.errors import INVALID_REQUEST, LOGIN_MOVED, SESSION_CHANGED
from idp.login import own
from idp.login.flow import LoginRefused, Page
from mobile_flow.model import DeviceId, PersonRef, PushSubscription
from tests.contract.store.phones import a_device
from tests.unit.login.house import MINUTE, code_of, error_of
from tests.world import tokens

if TYPE_CHECKING:
    from mobile_flow.model import Device
    from tests.unit.login.house import Browser, House

DAY = timedelta(days=1)
FIRST, SECOND = DeviceId("phone-1"), DeviceId("phone-2")
PUSH = PushSubscription(endpoint="https://fcm.googleapis.com/x", p256dh="k", auth="a")


@pytest.fixture
def holder(house: House) -> PersonId:
    """Whoever has the card, known by a first login; An has none."""
    browser = house.browser()
    browser.open()
    browser.card()
    session = house.session(browser)
    assert session is not None
    house.wait(MINUTE)
    return session.event.person


def add(house: House, person: PersonId, key: DeviceId = FIRST, **changes: Any) -> Device:
    now = house.now()
    given = {"person": PersonRef(person), "enrolled_at": now, "high_from": now + DAY, **changes}
    device = a_device(key, **given)
    with house.ledger.begin() as unit:
        assert unit.phones.add_device(device)
    house.wait(MINUTE)
    return device


def stored(house: House, key: DeviceId = FIRST) -> Device:
    with house.ledger.read() as unit:
        found: Device = unit.phones.device(key)
    return found


def by_card(house: House, **asked: Any) -> Browser:
    browser = house.browser()
    browser.open(**asked)
    browser.card()
    return browser


def say(browser: Browser, said: str, phone: str = FIRST) -> Any:
    return browser.take(browser.flow.know(browser.tx.id, browser.visitor, phone=phone, said=said))


def shown(browser: Browser) -> Any:
    assert browser.turn is not None
    assert browser.turn.page is Page.NEW_PHONE
    return browser.turn.shown["new_phone"]


def test_a_yes_ends_the_wait_of_this_phone_and_the_login_goes_on(
    house: House, holder: PersonId
) -> None:
    device = add(house, holder)
    browser = by_card(house)
    assert shown(browser) == {"id": FIRST, "name": device.name, "added": device.enrolled_at}
    proven_at = house.now()
    house.wait(MINUTE)
    turn = say(browser, "yes")
    assert turn.page is Page.CONSENT
    assert stored(house).high_from == proven_at
    event = house.events()[-1]
    assert (event["kind"], event["details"]["device"]) == ("phone.trusted", FIRST)
    assert code_of(browser.agree().answer)


def test_a_card_that_is_merely_used_ends_no_wait(house: House, holder: PersonId) -> None:
    device = add(house, holder)
    browser = by_card(house)
    assert shown(browser)
    assert stored(house).high_from == device.high_from
    # Nor does leaving the page alone, or cancelling.
    assert error_of(browser.flow.cancel(browser.tx.id, browser.visitor).answer) == "access_denied"
    assert stored(house).high_from == device.high_from
    assert "phone.trusted" not in house.audited()


def test_a_no_removes_it_at_once_ends_what_it_opened_and_leaves_evidence(
    house: House, holder: PersonId
) -> None:
    add(house, holder, SECOND, high_from=house.now(), push=PUSH)
    add(house, holder, device_key=b"other")
    theirs, mine = session_by(house, holder, FIRST), session_by(house, holder, SECOND)
    turn = say(by_card(house), "no")
    assert turn.page is Page.CONSENT
    assert stored(house).removed_at == house.now()
    assert stored(house, SECOND).removed_at is None
    with house.ledger.read() as unit:
        assert unit.sessions.get(theirs).ended_at == house.now()
        assert unit.sessions.get(mine).ended_at is None
        messages = [one.body for one in unit.outbox.due(at=house.now(), limit=10)]
    events = {event["kind"]: event for event in house.events()}
    details = events["phone.removed"]["details"]
    assert (details["device"], details["why"]) == (FIRST, "not_mine")
    assert details["card"] == a_device().card_fingerprint
    assert details["said_by"] not in {"", details["card"]}
    assert events["session.ended"]["details"]["why"] == "phone_disowned"
    assert len(messages) == 1
    assert SECOND.encode() in messages[0]


def session_by(house: House, person: PersonId, device: DeviceId) -> SessionKey:
    evidence = DeviceEvidence(
        device=device,
        flow="qr",
        backup_eligible=False,
        backed_up=False,
        card_fingerprint="ab" * 32,
        approval="A",
        enrolled_at=house.now(),
    )
    event = AuthenticationEvent(
        person=person, evidence=evidence, acr=Assurance.SUBSTANTIAL, amr=("hwk",), at=house.now()
    )
    key = SessionKey(f"session by {device}")
    opened = Session(key=key, event=event, opened_at=event.at, used_at=event.at, sids={})
    with house.ledger.begin() as unit:
        unit.sessions.open(opened)
    return key


def test_not_now_keeps_it_waiting_and_the_next_card_login_asks_again(
    house: House, holder: PersonId
) -> None:
    device = add(house, holder)
    browser = by_card(house)
    assert say(browser, "later").page is Page.CONSENT
    assert browser.visit().page is Page.CONSENT
    assert stored(house) == device
    assert shown(by_card(house))


def test_phones_are_asked_about_one_by_one(house: House, holder: PersonId) -> None:
    add(house, holder)
    add(house, holder, SECOND)
    browser = by_card(house)
    assert shown(browser)["id"] == FIRST
    say(browser, "later")
    assert shown(browser)["id"] == SECOND
    assert say(browser, "yes", SECOND).page is Page.CONSENT
    assert stored(house).high_from > house.now() == stored(house, SECOND).high_from


def test_a_reload_and_a_repeated_answer_change_nothing(house: House, holder: PersonId) -> None:
    add(house, holder)
    browser = by_card(house)
    for _ in range(2):
        browser.visit()
        assert shown(browser)["id"] == FIRST
    say(browser, "later")
    # The other tab says no, late: this login has its answer.
    assert say(browser, "no").page is Page.CONSENT
    assert stored(house).removed_at is None
    assert say(browser, "no", "nothing-of-theirs").page is Page.CONSENT


@pytest.mark.parametrize(
    "changes",
    [
        {"high_from": timedelta()},
        {"suspected_at": timedelta()},
        {"removed_at": timedelta()},
        {"enrolled_at": timedelta(hours=1)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_nothing_is_asked_about_other_phones(
    house: House, holder: PersonId, changes: dict[str, timedelta]
) -> None:
    add(house, holder, **{name: house.now() + after for name, after in changes.items()})
    assert by_card(house).visit().page is Page.CONSENT


def test_nothing_is_asked_about_somebody_elses_phone(house: House, holder: PersonId) -> None:
    assert holder != "person-an"
    add(house, PersonId("person-an"))
    assert by_card(house).visit().page is Page.CONSENT


def test_only_a_proof_by_card_in_this_login_asks(house: House, holder: PersonId) -> None:
    browser = by_card(house)
    browser.agree()
    add(house, holder)
    # Single sign-on with the card's session of before, and a login by another means.
    assert browser.open().page is Page.DONE
    assert browser.open(prompts=("none",)).page is Page.DONE
    add(house, PersonId("person-an"), SECOND)
    other = house.browser()
    other.open()
    assert other.seeded().page is Page.CONSENT


def test_with_consent_remembered_the_login_ends_with_the_answer(
    house: House, holder: PersonId
) -> None:
    browser = by_card(house)
    browser.agree(*(offer.name for offer in browser.turn.offers))  # type: ignore[union-attr]
    add(house, holder)
    later = by_card(house)
    assert shown(later)
    turn = say(later, "yes")
    assert turn.page is Page.DONE
    assert code_of(turn.answer)
    assert turn.tx.step == "agreed"


def test_the_own_page_asks_too_and_needs_no_consent(house: House, holder: PersonId) -> None:
    add(house, holder)
    browser = house.browser()
    browser.open(own.request(own.CARD, issuer=tokens.ORIGIN))
    browser.card()
    assert shown(browser)
    assert say(browser, "later").page is Page.DONE


def test_consent_does_not_pass_the_question_by(house: House, holder: PersonId) -> None:
    add(house, holder)
    browser = by_card(house)
    browser.agree()
    assert shown(browser)
    assert stored(house).high_from > house.now()


def test_another_word_another_step_and_another_browser_are_refused(
    house: House, holder: PersonId
) -> None:
    add(house, holder)
    browser = by_card(house)
    with pytest.raises(LoginRefused) as refused:
        say(browser, "maybe")
    assert refused.value.problem is INVALID_REQUEST
    session, browser.session = browser.session, None
    with pytest.raises(LoginRefused) as refused:
        say(browser, "yes")
    assert refused.value.problem is SESSION_CHANGED
    browser.session = session
    assert stored(house).high_from > house.now()
    early = house.browser()
    early.open()
    early.choose(MethodName.CARD)
    with pytest.raises(LoginRefused) as refused:
        say(early, "yes")
    assert refused.value.problem is LOGIN_MOVED


def test_a_login_that_starts_over_asks_again(house: House, holder: PersonId) -> None:
    add(house, holder)
    browser = by_card(house)
    say(browser, "later")
    browser.take(browser.flow.restart(browser.tx.id, browser.visitor))
    browser.card()
    assert shown(browser)["id"] == FIRST
    assert stored(house) == replace(stored(house), removed_at=None)
