"""The card: a challenge out, an answer back, a person and a session made of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.domain.assurance import Assurance
from idp.domain.event import CardEvidence, MethodName
from idp.domain.person import PersonState
from idp.errors import (
    ACCOUNT_NOT_ACTIVE,
    CARD_CHALLENGE_UNKNOWN,
    CARD_CHECK_UNAVAILABLE,
    CARD_REVOKED,
    CARD_SIGNATURE_WRONG,
    CARD_TOKEN_MALFORMED,
    INVALID_REQUEST,
    LOGIN_MOVED,
)
from idp.login.flow import LoginRefused, Page
from tests.unit.login.house import HIGH, MINUTE, SHOP
from tests.world import tokens

if TYPE_CHECKING:
    from idp.domain.person import Person
    from tests.unit.login.house import House


def holder(house: House, number: str = tokens.NUMBER) -> Person:
    with house.ledger.read() as unit:
        found: Person = unit.people.find_by_number(number)
    return found


def test_a_card_makes_a_person_a_session_and_a_code_of_level_high(house: House) -> None:
    browser = house.browser()
    opened = browser.open(acr_words=(HIGH,))
    assert (opened.page, opened.methods) == (Page.CARD, (MethodName.CARD,)), "nothing to choose"
    turn = browser.card()
    assert (turn.page, turn.person_name, turn.offers) == (Page.CONSENT, "Nora Élise Specimen", ())
    done = browser.agree()
    assert done.page is Page.DONE
    grant = house.grant_of(done.answer)
    person = holder(house)
    assert (grant.person, grant.event.acr, grant.acr_word) == (person.id, Assurance.HIGH, HIGH)
    assert grant.event.amr == ("sc", "pin", "mfa", "be:eid")
    assert person.attributes.national_number_type == "national"
    assert house.audited() == ["person.changed", "login.proven", "consent.given", "code.issued"]


def test_what_the_certificate_said_is_the_evidence(house: House) -> None:
    browser = house.browser()
    browser.open()
    browser.card(tokens.card("citizen-old", "rsa-2048"))
    session = house.session(browser)
    assert session is not None
    made = tokens.card("citizen-old", "rsa-2048").authentication
    evidence = session.event.evidence
    assert isinstance(evidence, CardEvidence)
    assert (evidence.generation, evidence.issuer) == ("rsa-2048", "citizen-old")
    assert evidence.certificate_serial == f"{made.serial_number:x}"
    assert (evidence.revocation, evidence.status_at) == ("ocsp", house.now())


def test_a_foreigner_is_told_apart(house: House) -> None:
    browser = house.browser()
    browser.open()
    browser.card(tokens.card("foreigner-new"))
    session = house.session(browser)
    assert session is not None
    assert session.event.amr[-1] == "be:foreigner"


def test_a_renewed_card_with_a_changed_name_is_the_same_person(house: House) -> None:
    first, second = house.browser(), house.browser()
    first.open()
    first.card()
    person = holder(house)
    second.open()
    second.card(tokens.country().issue(tokens.request(surname="Married")))
    renewed = holder(house)
    assert renewed.id == person.id
    assert renewed.attributes.family_name == "Married"
    changes = [e["details"] for e in house.events() if e["kind"] == "person.changed"]
    assert changes == [{"change": "created"}, {"change": "renewed"}]
    assert {e["actor"] for e in house.events() if e["kind"] == "person.changed"} == {"card"}


def test_the_same_card_again_renews_nothing(house: House) -> None:
    for _ in range(2):
        browser = house.browser()
        browser.open()
        browser.card()
    assert house.audited().count("person.changed") == 1


def test_a_login_whose_consent_is_remembered_is_one_commit(house: House) -> None:
    first = house.browser()
    first.open()
    first.card()
    first.agree()
    assert house.ledger.commits == 2
    again = house.browser()
    again.open()
    assert again.card().page is Page.DONE
    assert house.ledger.commits == 3


def test_a_refused_card_leaves_the_login_open_with_a_new_challenge(house: House) -> None:
    browser = house.browser()
    browser.open()
    browser.choose(MethodName.CARD)
    first = browser.tx.challenge
    turn = browser.answer(browser.token(nonce="A" * 43 + "="))
    assert (turn.page, turn.trouble) == (Page.CARD, CARD_SIGNATURE_WRONG)
    assert turn.tx.challenge not in {None, first}
    assert house.refused == ["card_signature_wrong"]
    assert browser.answer(browser.token()).page is Page.CONSENT


def test_a_revoked_card_is_refused_and_opens_no_session(house: House) -> None:
    made = tokens.country().issue(tokens.request(national_number="85073003427"))
    tokens.country().revoke(made.authentication.serial_number, at=house.now())
    browser = house.browser()
    browser.open()
    assert browser.card(made).trouble is CARD_REVOKED
    assert browser.session is None
    assert house.audited() == ["login.refused"]


def test_rubbish_is_refused_and_is_not_worth_an_audit_row(house: House) -> None:
    browser = house.browser()
    browser.open()
    browser.choose(MethodName.CARD)
    assert browser.answer("rubbish").trouble is CARD_TOKEN_MALFORMED
    assert house.audited() == []


def test_a_card_that_cannot_be_checked_is_not_let_in(house: House) -> None:
    house.world.ocsp_down = house.world.crl_down = True
    browser = house.browser()
    browser.open()
    assert browser.card().trouble is CARD_CHECK_UNAVAILABLE


def test_a_client_with_live_checks_has_every_card_asked_about(house: House) -> None:
    house.register(SHOP, live_check=True)
    for expected in (1, 2):
        browser = house.browser()
        browser.open()
        browser.card()
        assert len(house.world.calls) == expected


def test_an_answer_after_the_challenges_end_is_refused(house: House) -> None:
    browser = house.browser()
    browser.open()
    browser.choose(MethodName.CARD)
    token = browser.token()
    house.wait(5 * MINUTE + timedelta(seconds=1))
    assert browser.answer(token).trouble is CARD_CHALLENGE_UNKNOWN


def test_a_visit_after_the_challenges_end_brings_a_new_one(house: House) -> None:
    browser = house.browser()
    browser.open()
    first = browser.choose(MethodName.CARD).tx.challenge
    assert browser.visit().tx.challenge == first
    house.wait(5 * MINUTE)
    assert browser.visit().tx.challenge != first
    assert browser.answer(browser.token()).page is Page.CONSENT


def test_a_locked_person_is_told_so_and_gets_no_session(house: House) -> None:
    first = house.browser()
    first.open()
    first.card()
    house.set_state(holder(house).id, PersonState.LOCKED)
    second = house.browser()
    second.open()
    assert second.card().trouble is ACCOUNT_NOT_ACTIVE
    assert second.session is None
    assert house.events()[-1]["details"] == {"reason": "account_not_active"}


def test_an_answer_without_a_chosen_card_moves_nothing(house: House) -> None:
    browser = house.browser()
    browser.open()
    with pytest.raises(LoginRefused) as refused:
        browser.answer("x" * 200)
    assert refused.value.problem is LOGIN_MOVED
    browser.choose(MethodName.SEEDED)
    with pytest.raises(LoginRefused):
        browser.answer("x" * 200)


def test_a_means_that_cannot_reach_the_level_is_not_taken(house: House) -> None:
    browser = house.browser()
    browser.open(acr_words=(HIGH,))
    with pytest.raises(LoginRefused) as refused:
        browser.choose(MethodName.SEEDED)
    assert refused.value.problem is INVALID_REQUEST
