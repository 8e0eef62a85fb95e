"""What the citizen agrees to, what is remembered of it, and when it is asked again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.answer import RefusedToClient
from idp.domain.person import PersonState
from idp.domain.request import ClaimRequest, Prompt
from idp.errors import (
    ACCOUNT_NOT_ACTIVE,
    CLAIM_UNAVAILABLE,
    LOGIN_MOVED,
    SESSION_CHANGED,
)
from idp.login.flow import LoginRefused, Page
from tests.unit.login.house import AN, MINUTE, SHOP, error_of

if TYPE_CHECKING:
    from tests.unit.login.house import Browser, House

PROFILE = ("openid", "profile", "email")


def at_consent(house: House, **asked: Any) -> Browser:
    browser = house.browser()
    browser.open(**asked)
    assert browser.seeded().page is Page.CONSENT
    return browser


def released(house: House, browser: Browser) -> set[str]:
    assert browser.turn is not None
    grant = house.grant_of(browser.turn.answer)
    return set(grant.id_token_claims) | set(grant.userinfo_claims)


def test_what_is_ticked_leaves_and_nothing_else(house: House) -> None:
    browser = at_consent(house, scopes=PROFILE)
    assert browser.turn is not None
    names = {offer.name for offer in browser.turn.offers}
    assert names == {"given_name", "family_name", "email"}
    browser.agree("given_name", "forged", "rrn")
    assert released(house, browser) == {"given_name"}
    (given,) = [e for e in house.events() if e["kind"] == "consent.given"]
    assert given["details"] == {"claims": "given_name"}


def test_an_essential_claim_cannot_be_unticked(house: House) -> None:
    essential = (ClaimRequest(name="email", essential=True),)
    browser = at_consent(house, scopes=PROFILE, id_token_claims=essential)
    browser.agree()
    assert released(house, browser) == {"email"}


def test_an_agreement_is_remembered_only_when_told_to(house: House) -> None:
    browser = at_consent(house, scopes=PROFILE)
    browser.agree("given_name", "family_name", "email", remember=False)
    assert browser.open(scopes=PROFILE).page is Page.CONSENT
    browser.agree("given_name", "family_name", "email")
    assert browser.open(scopes=PROFILE).page is Page.DONE
    assert released(house, browser) == {"given_name", "family_name", "email"}


def test_a_claim_never_agreed_to_is_asked_and_what_was_agreed_stays(house: House) -> None:
    browser = house.browser()
    browser.login(scopes=("openid", "email"))
    assert browser.open(scopes=("openid", "profile")).page is Page.CONSENT
    browser.agree("given_name", "family_name")
    assert browser.open(scopes=("openid", "email")).page is Page.DONE


def test_a_claim_refused_now_is_no_longer_remembered(house: House) -> None:
    browser = house.browser()
    browser.login(scopes=PROFILE)
    browser.open(scopes=PROFILE, prompts=(Prompt.CONSENT,))
    browser.agree("given_name", "family_name")
    assert released(house, browser) == {"given_name", "family_name"}
    assert browser.open(scopes=PROFILE).page is Page.CONSENT


def test_a_login_that_releases_nothing_is_still_agreed_to_once(house: House) -> None:
    browser = at_consent(house)
    browser.agree()
    assert browser.open(prompts=(Prompt.NONE,)).page is Page.DONE


def test_a_withdrawn_consent_is_asked_again(house: House) -> None:
    browser = house.browser()
    browser.login()
    with house.ledger.begin() as unit:
        unit.consents.withdraw(AN, SHOP, at=house.now())
    assert browser.open().page is Page.CONSENT


def test_a_claim_that_was_not_on_the_page_is_shown_before_it_leaves(house: House) -> None:
    essential = (ClaimRequest(name="email", essential=True),)
    house.register(SHOP, purposes=())
    browser = at_consent(house, scopes=PROFILE, id_token_claims=essential)
    house.register(SHOP)
    turn = browser.agree("given_name", "family_name", "email")
    assert turn.page is Page.CONSENT
    browser.agree("given_name")
    assert released(house, browser) == {"given_name", "email"}


def test_an_essential_claim_that_we_lack_ends_the_login(house: House) -> None:
    phone = (ClaimRequest(name="birthdate", essential=True),)
    house.register(SHOP, purposes=(_purpose("birthdate"),), scopes=("openid", "profile"))
    browser = house.browser()
    browser.open(userinfo_claims=phone)
    with pytest.raises(RefusedToClient) as refused:
        browser.seeded()
    assert refused.value.problem is CLAIM_UNAVAILABLE
    assert house.audited() == ["login.refused"]
    with pytest.raises(LoginRefused):
        browser.visit()


def test_a_session_that_lapses_on_the_consent_page_agrees_to_nothing(house: House) -> None:
    house.settings = house.settings.model_copy(
        update={
            "lifetimes": house.settings.lifetimes.model_copy(
                update={"transaction": timedelta(hours=2)}
            )
        }
    )
    house.flow = house.worker()
    browser = at_consent(house)
    house.wait(31 * MINUTE)
    with pytest.raises(LoginRefused) as refused:
        browser.agree()
    assert refused.value.problem is SESSION_CHANGED
    assert browser.take(browser.flow.restart(browser.tx.id, browser.visitor)).page is Page.CHOOSE
    assert browser.seeded().page is Page.CONSENT


def test_a_session_that_grows_too_old_on_the_consent_page_is_proven_again(house: House) -> None:
    browser = house.browser()
    browser.login()
    house.wait(MINUTE)
    assert browser.open(scopes=PROFILE, max_age=90).page is Page.CONSENT
    house.wait(MINUTE)
    assert browser.agree("email").page is Page.CHOOSE
    assert browser.seeded().page is Page.CONSENT
    house.wait(5 * MINUTE)
    assert browser.agree("email").page is Page.DONE


def test_a_person_locked_on_the_consent_page_gets_no_code(house: House) -> None:
    browser = at_consent(house)
    house.set_state(AN, PersonState.LOCKED)
    with pytest.raises(RefusedToClient) as refused:
        browser.agree()
    assert refused.value.problem is ACCOUNT_NOT_ACTIVE
    assert "code.issued" not in house.audited()


def test_agreeing_before_proving_moves_nothing(house: House) -> None:
    browser = house.browser()
    browser.open()
    with pytest.raises(LoginRefused) as refused:
        browser.agree()
    assert refused.value.problem is LOGIN_MOVED


def test_saying_no_tells_the_service_and_ends_the_login_for_good(house: House) -> None:
    browser = at_consent(house)
    turn = browser.take(browser.flow.cancel(browser.tx.id, browser.visitor))
    assert (turn.page, error_of(turn.answer)) == (Page.DONE, "access_denied")
    assert dict(turn.answer.parameters)["state"] == "state-1"  # type: ignore[union-attr]
    assert house.events()[-1]["details"] == {"reason": "access_denied"}
    for act in (browser.agree, browser.visit):
        with pytest.raises(LoginRefused):
            act()


def _purpose(*claims: str) -> Any:
    from idp.domain.client import Purpose

    return Purpose(name="p", reason={"en": "why"}, claims=claims)
