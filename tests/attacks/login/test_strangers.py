"""What somebody who proved nothing may leave behind: no audit row, a number in a counter."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from cardreader.sim import profiles
from idp.domain.answer import RefusedToClient
from idp.domain.event import MethodName
from idp.domain.request import Prompt
from idp.errors import (
    CARD_EXPIRED,
    CARD_REVOKED,
    CARD_SIGNATURE_WRONG,
    CARD_UNTRUSTED,
    LOGIN_SPENT,
    LOGIN_UNKNOWN,
    TOO_MANY_REQUESTS,
    Refused,
)
from idp.login.flow import LoginRefused, Page
from idp.login.openings import Openings
from tests.world import tokens

if TYPE_CHECKING:
    from cardreader.sim.pki import CardCertificates
    from tests.unit.login.house import Browser, House

DAY = dt.timedelta(days=1)


def cancel(browser: Browser) -> None:
    browser.take(browser.flow.cancel(browser.tx.id, browser.visitor))


def a_made_up_card() -> CardCertificates:
    """A card of the right names, issued by nobody that we trust."""
    name = tokens.country().certificate("citizen-new").subject
    key = ec.generate_private_key(ec.SECP384R1())
    stranger = profiles.root(name, key, tokens.NOW - 365 * DAY, 10)
    made = tokens.spoiled(lambda builder: builder, issuer=stranger)
    return replace(tokens.card(), authentication=made.certificate, authentication_key=made.key)


def test_a_stranger_who_cancels_leaves_no_audit_row_but_a_mark_and_a_number(house: House) -> None:
    browser = house.browser()
    browser.open()
    cancel(browser)
    assert house.audited() == []
    assert house.refused == ["access_denied"]
    with house.ledger.read() as unit:
        assert unit.is_spent("transaction", browser.tx.id)
    with pytest.raises(LoginRefused) as refused:
        browser.visit()
    assert refused.value.problem is LOGIN_SPENT


def test_a_stranger_who_is_refused_to_the_service_leaves_no_audit_row(house: House) -> None:
    browser = house.browser()
    browser.open()
    browser.post(prompts=(Prompt.NONE,))
    with pytest.raises(RefusedToClient):
        browser.visit()
    assert house.audited() == []
    with house.ledger.read() as unit:
        assert unit.is_spent("transaction", browser.tx.id)


def test_somebody_who_proved_and_then_cancels_is_written_down(house: House) -> None:
    browser = house.browser()
    browser.open()
    browser.seeded()
    cancel(browser)
    assert house.audited() == ["login.proven", "login.refused"]
    assert house.refused == []


def test_a_card_that_nobody_issued_leaves_no_audit_row(house: House) -> None:
    browser = house.browser()
    browser.open()
    assert browser.card(a_made_up_card()).trouble is CARD_UNTRUSTED
    browser.choose(MethodName.CARD)
    assert browser.answer(browser.token(nonce="A" * 43 + "=")).trouble is CARD_SIGNATURE_WRONG
    assert house.audited() == []
    assert house.refused == ["card_untrusted", "card_signature_wrong"]


def test_an_expired_card_is_counted_as_its_end_is_read_before_its_signature(house: House) -> None:
    made = tokens.country().issue(
        tokens.request(valid_from=house.now() - 365 * DAY, valid_until=house.now() - DAY)
    )
    browser = house.browser()
    browser.open()
    turn = browser.card(made)
    assert (turn.page, turn.trouble) == (Page.CARD, CARD_EXPIRED)
    assert house.audited() == []
    assert house.refused == ["card_expired"]


def test_a_revoked_card_is_written_down(house: House) -> None:
    made = tokens.country().issue(tokens.request())
    tokens.country().revoke(made.authentication.serial_number, at=tokens.NOW)
    browser = house.browser()
    browser.open()
    assert browser.card(made).trouble is CARD_REVOKED
    assert house.audited() == ["login.refused"]
    assert house.refused == []


def test_an_address_opens_so_many_logins_a_minute_and_no_more(house: House) -> None:
    openings = Openings(house.ephemeral, most=3, now=house.now)
    for _ in range(3):
        openings.admit("192.0.2.1")
    for other in ("192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::"):
        openings.admit(other)
    for crowded in ("192.0.2.1", "2001:db8::3"):
        for worker in (openings, Openings(house.ephemeral, most=3, now=house.now)):
            with pytest.raises(Refused) as refused:
                worker.admit(crowded)
            assert refused.value.problem is TOO_MANY_REQUESTS
    house.wait(dt.timedelta(minutes=1))
    openings.admit("192.0.2.1")


def test_no_limit_counts_nothing(house: House) -> None:
    openings = Openings(house.ephemeral, most=0, now=house.now)
    for _ in range(1000):
        openings.admit("192.0.2.1")
    assert not house.ephemeral._values


def test_a_posted_login_that_nobody_visits_is_forgotten_within_minutes(house: House) -> None:
    browser, other = house.browser(), house.browser()
    browser.open()
    browser.post()
    other.open()
    other.post()
    other.visit()
    house.wait(dt.timedelta(minutes=5))
    with pytest.raises(Refused) as refused:
        browser.visit()
    assert refused.value.problem is LOGIN_UNKNOWN
    assert other.visit().page is Page.CHOOSE
