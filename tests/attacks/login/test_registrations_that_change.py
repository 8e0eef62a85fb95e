"""An address that an operator took out gets nothing more, however far a login has come."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.event import MethodName
from idp.errors import REDIRECT_URI_MISMATCH, Refused
from idp.login.flow import Page
from tests.unit.login.house import PURPOSE, SHOP

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.login.house import Browser, House

ELSEWHERE = ("https://shop.example/new",)

AT_THE_CHOICE: dict[str, Callable[[Browser], Any]] = {
    "visit": lambda browser: browser.visit(),
    "choose": lambda browser: browser.choose(MethodName.CARD),
    "cancel": lambda browser: browser.flow.cancel(browser.tx.id, browser.visitor),
    "restart": lambda browser: browser.flow.restart(browser.tx.id, browser.visitor),
}


@pytest.mark.parametrize("step", list(AT_THE_CHOICE))
def test_a_login_at_the_choice_of_a_means_does_not_end_there(house: House, step: str) -> None:
    browser = house.browser()
    browser.open()
    house.register(SHOP, redirect_uris=ELSEWHERE)
    with pytest.raises(Refused) as refused:
        AT_THE_CHOICE[step](browser)
    assert refused.value.problem is REDIRECT_URI_MISMATCH
    assert type(refused.value).__name__ == "Refused", "it must be told on our own page"


def test_a_proof_is_not_taken_there(house: House) -> None:
    browser = house.browser()
    browser.open()
    browser.choose(MethodName.SEEDED)
    house.register(SHOP, redirect_uris=ELSEWHERE)
    with pytest.raises(Refused) as refused:
        browser.flow.prove(browser.tx.id, browser.visitor, MethodName.SEEDED, "an")
    assert refused.value.problem is REDIRECT_URI_MISMATCH


def test_a_claim_that_was_not_on_the_page_is_not_agreed_to_by_naming_it(house: House) -> None:
    scopes = ("openid", "profile", "email")
    house.register(SHOP, purposes=(replace(PURPOSE, claims=("given_name",)),))
    browser = house.browser()
    browser.open(scopes=scopes)
    turn = browser.seeded()
    assert [offer.name for offer in turn.offers] == ["given_name"]
    house.register(SHOP)
    answer = browser.agree("given_name", "email").answer
    grant = house.grant_of(answer)
    assert set(grant.id_token_claims) | set(grant.userinfo_claims) == {"given_name"}


def test_a_consent_given_after_that_sends_no_code_there(house: House) -> None:
    browser = house.browser()
    browser.open()
    assert browser.seeded().page is Page.CONSENT
    house.register(SHOP, redirect_uris=ELSEWHERE)
    with pytest.raises(Refused) as refused:
        browser.agree()
    assert refused.value.problem is REDIRECT_URI_MISMATCH
    assert "code.issued" not in house.audited()


def test_a_loopback_app_on_another_port_is_still_answered(house: House) -> None:
    house.register(SHOP, redirect_uris=("http://127.0.0.1/cb",))
    browser = house.browser()
    browser.open(redirect_uri="http://127.0.0.1:51234/cb")
    browser.seeded()
    assert browser.agree().page is Page.DONE
