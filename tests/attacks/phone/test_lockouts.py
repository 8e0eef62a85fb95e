"""The locker: whatever a stranger exhausts of somebody's phones and codes, their card signs in."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pyotp
import pytest

from idp.login.flow import Page
from idp.store.phone import LedgerOfThePhone
from mobile_flow.errors import OtpRefused, TooMany
from mobile_flow.model import PersonRef
from mobile_flow.otp import OneTimePasswords, OtpRules
from tests.unit.login.house import MINUTE, House, code_of
from tests.unit.mobile.keys.world import Counting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.login.house import Browser


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.ledger.close()


def by_card(desk: House) -> Browser:
    browser = desk.browser()
    browser.open()
    browser.card()
    return browser


def test_a_stranger_who_guesses_codes_shuts_nobody_out_of_their_card_login(desk: House) -> None:
    session = desk.session(by_card(desk))
    assert session is not None
    person = PersonRef(session.event.person)
    codes = OneTimePasswords(
        LedgerOfThePhone(desk.ledger, now=desk.now),
        Counting(),
        issuer_name="Sesame",
        now=desk.now,
        entropy=secrets.token_bytes,
        rules=OtpRules(wrong=3),
    )
    begun = codes.begin(person, card_fingerprint="ab" * 32)
    codes.confirm(person, pyotp.TOTP(begun.secret).at(desk.now()))
    for host in range(12):
        with pytest.raises((OtpRefused, TooMany)):
            codes.match(begun.login_name, "no code", address=f"192.0.2.{host}")
    desk.wait(MINUTE)
    right = pyotp.TOTP(begun.secret).at(desk.now())
    with pytest.raises((OtpRefused, TooMany)):
        codes.match(begun.login_name, right, address="198.51.100.1")
    with desk.ledger.begin() as unit:
        assert unit.phones.frozen_until(person, kind="otp") > desk.now()
        for kind in ("mobile", "push"):
            unit.phones.freeze(person, kind=kind, until=desk.now() + 100 * MINUTE)
    browser = by_card(desk)
    assert browser.turn is not None
    assert browser.turn.page is Page.CONSENT
    assert code_of(browser.agree().answer)
