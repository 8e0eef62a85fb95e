"""What was shown and agreed is what leaves, and only for the reason that was shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from idp.domain.answer import RefusedToClient
from idp.domain.request import ClaimRequest, Prompt
from idp.errors import CONSENT_REQUIRED, LOGIN_MOVED
from idp.login.flow import LoginRefused, Page
from tests.unit.login.house import MINUTE, PURPOSE, SHOP

if TYPE_CHECKING:
    from idp.domain.client import Purpose
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


CHANGED = {
    "another reason": (replace(PURPOSE, reason={"en": "To sell you things"}),),
    "a reason in one more language": (replace(PURPOSE, reason={**PURPOSE.reason, "nl": "Anders"}),),
    "another purpose": (replace(PURPOSE, name="marketing"),),
    "a purpose before it": (
        replace(PURPOSE, name="marketing", claims=("email",)),
        PURPOSE,
    ),
}


@pytest.mark.parametrize("purposes", CHANGED.values(), ids=CHANGED)
def test_a_claim_is_shown_again_when_its_purpose_or_reason_changed(
    house: House, purposes: tuple[Purpose, ...]
) -> None:
    browser = house.browser()
    browser.login(scopes=PROFILE)
    house.register(SHOP, purposes=purposes)
    with pytest.raises(RefusedToClient) as refused:
        browser.open(scopes=PROFILE, prompts=(Prompt.NONE,))
    assert refused.value.problem is CONSENT_REQUIRED
    assert browser.open(scopes=PROFILE).page is Page.CONSENT
    browser.agree("given_name", "family_name", "email")
    assert browser.open(scopes=PROFILE).page is Page.DONE


def test_a_claim_does_not_pass_to_another_purpose_when_its_own_ends(house: House) -> None:
    first = replace(PURPOSE, expires_at=house.now() + MINUTE)
    house.register(SHOP, purposes=(first, replace(PURPOSE, name="other", reason={"en": "Other"})))
    browser = house.browser()
    browser.login(scopes=PROFILE)
    assert browser.open(scopes=PROFILE).page is Page.DONE
    house.wait(MINUTE)
    assert browser.open(scopes=PROFILE).page is Page.CONSENT


def test_a_claim_refused_under_a_new_reason_is_forgotten_under_the_old_one(house: House) -> None:
    browser = house.browser()
    browser.login(scopes=PROFILE)
    house.register(SHOP, purposes=CHANGED["another reason"])
    browser.open(scopes=PROFILE)
    browser.agree("given_name", "family_name")
    house.register(SHOP)
    browser.open(scopes=("openid", "email"))
    assert browser.turn is not None
    assert browser.turn.page is Page.CONSENT


def test_a_reason_that_changes_while_the_page_is_open_is_shown_before_the_claim_leaves(
    house: House,
) -> None:
    essential = (ClaimRequest(name="email", essential=True),)
    browser = house.browser()
    browser.open(id_token_claims=essential)
    browser.seeded()
    house.register(SHOP, purposes=CHANGED["another reason"])
    assert browser.agree("email").page is Page.CONSENT
    assert browser.agree("email").page is Page.DONE


def test_an_older_tab_agrees_to_nothing_that_only_a_newer_one_showed(house: House) -> None:
    essential = (ClaimRequest(name="email", essential=True),)
    house.register(SHOP, purposes=())
    browser = house.browser()
    browser.open(id_token_claims=essential)
    assert browser.seeded().offers == ()
    older = browser.flow.form_token(browser.tx)
    browser.flow.check_form(browser.tx.id, browser.visitor, older)
    house.register(SHOP)
    assert [offer.name for offer in browser.visit().offers] == ["email"]
    with pytest.raises(LoginRefused) as refused:
        browser.flow.check_form(browser.tx.id, browser.visitor, older)
    assert refused.value.problem is LOGIN_MOVED
    newer = browser.flow.form_token(browser.tx)
    browser.flow.check_form(browser.tx.id, browser.visitor, newer)
