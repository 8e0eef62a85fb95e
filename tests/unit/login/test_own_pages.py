"""The citizen's own page is entered by the same walk as an e-service, and nothing is issued."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from idp.domain.answer import location
from idp.domain.client import ClientId
from idp.domain.event import CardEvidence, MethodName
from idp.errors import INVALID_REQUEST, LOGIN_SPENT, UNKNOWN_CLIENT, Refused
from idp.login import own
from idp.login.flow import LoginRefused, Page
from tests.unit.login.house import error_of
from tests.world import tokens

if TYPE_CHECKING:
    from idp.domain.request import AuthorizationRequest
    from tests.unit.login.house import House

ADDRESS = f"{tokens.ORIGIN}/account"


def asked(client_id: ClientId) -> AuthorizationRequest:
    return own.request(client_id, issuer=tokens.ORIGIN)


def test_the_page_takes_any_means_asks_no_consent_and_issues_no_code(house: House) -> None:
    browser = house.browser()
    turn = browser.open(asked(own.PAGE))
    assert turn.page is Page.CHOOSE
    assert turn.methods == (MethodName.CARD, MethodName.SEEDED)
    turn = browser.seeded()
    assert turn.page is Page.DONE
    assert turn.answer is not None
    assert location(turn.answer) == ADDRESS
    session = house.session(browser)
    assert session is not None
    assert session.sids == {}
    assert house.audited() == ["login.proven"]


def test_somebody_who_is_signed_in_comes_straight_to_the_page(house: House) -> None:
    browser = house.browser()
    browser.login()
    turn = browser.open(asked(own.PAGE))
    assert turn.answer is not None
    assert location(turn.answer) == ADDRESS


def test_for_changes_a_signed_in_citizen_proves_by_card_again_and_by_nothing_else(
    house: House,
) -> None:
    browser = house.browser()
    browser.login()
    turn = browser.open(asked(own.CARD))
    assert turn.page is Page.CARD
    assert turn.methods == (MethodName.CARD,)
    with pytest.raises(LoginRefused) as refused:
        browser.choose(MethodName.SEEDED)
    assert refused.value.problem is INVALID_REQUEST
    turn = browser.card()
    assert turn.answer is not None
    assert location(turn.answer) == ADDRESS
    session = house.session(browser)
    assert session is not None
    assert isinstance(session.event.evidence, CardEvidence)


def test_a_login_to_the_page_ends_once_and_can_be_cancelled(house: House) -> None:
    browser = house.browser()
    browser.open(asked(own.PAGE))
    browser.seeded()
    with pytest.raises(LoginRefused) as refused:
        browser.visit()
    assert refused.value.problem is LOGIN_SPENT
    other = house.browser()
    other.open(asked(own.PAGE))
    turn = other.flow.cancel(other.tx.id, other.visitor)
    assert error_of(turn.answer) == "access_denied"
    assert turn.answer is not None
    assert turn.answer.redirect_uri == ADDRESS


def test_no_other_identifier_of_that_kind_is_known(house: House) -> None:
    browser = house.browser()
    request = house.request(ClientId("own:else"), redirect_uri=ADDRESS)
    with pytest.raises(Refused) as refused:
        browser.open(request)
    assert refused.value.problem is UNKNOWN_CLIENT
