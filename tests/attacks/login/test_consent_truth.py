"""What was shown and agreed is what leaves, and only for the reason that was shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.domain.request import Prompt
from idp.login.flow import Page

if TYPE_CHECKING:
    from tests.unit.login.house import House

PROFILE = ("openid", "profile", "email")


def test_a_claim_refused_now_does_not_leave_by_an_older_memory(house: House) -> None:
    browser = house.browser()
    browser.login(scopes=PROFILE)
    browser.open(scopes=PROFILE, prompts=(Prompt.CONSENT,))
    browser.agree("given_name", "family_name", remember=False)
    assert browser.open(scopes=PROFILE).page is Page.CONSENT
    browser.agree("given_name", "family_name", remember=False)
    # What was remembered before and not refused now is still remembered.
    assert browser.open(scopes=("openid", "profile")).page is Page.DONE


def test_a_claim_agreed_to_now_is_not_remembered_unasked(house: House) -> None:
    browser = house.browser()
    browser.login(scopes=("openid", "email"))
    browser.open(scopes=PROFILE, prompts=(Prompt.CONSENT,))
    browser.agree("given_name", "family_name", remember=False)
    assert browser.open(scopes=("openid", "profile")).page is Page.CONSENT
