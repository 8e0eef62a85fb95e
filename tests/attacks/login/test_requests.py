"""RU-17, RU-20, RU-22, TOK-08: what a client may demand, and what a login never claims to be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.answer import RefusedToClient
from idp.domain.assurance import Assurance
from idp.domain.person import PersonState
from idp.domain.request import Prompt
from idp.errors import (
    ACCESS_DENIED,
    CONSENT_REQUIRED,
    INTERACTION_REQUIRED,
    LOGIN_REQUIRED,
    UNMET_AUTHENTICATION_REQUIREMENTS,
    Problem,
)
from idp.login.flow import Page
from tests.unit.login.house import AN, HIGH, LOW, MINUTE, TOWN, House, error_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.login.house import Browser


def silently(browser: Browser, **asked: Any) -> Problem:
    before = dict(browser.house.ephemeral._values)
    codes = browser.house.audited().count("code.issued")
    with pytest.raises(RefusedToClient) as refused:
        browser.open(prompts=(Prompt.NONE,), **asked)
    assert refused.value.reply.redirect_uri == browser.house.request(**asked).redirect_uri
    assert refused.value.reply.state == "state-1"
    assert browser.house.ephemeral._values == before
    assert browser.house.audited().count("code.issued") == codes
    return refused.value.problem


def test_ru_17_silence_without_a_session_is_refused_to_the_client(house: House) -> None:
    assert silently(house.browser()) is LOGIN_REQUIRED


@pytest.mark.parametrize(
    ("asked", "later", "problem"),
    [
        ({}, timedelta(minutes=30), LOGIN_REQUIRED),
        ({"max_age": 59}, MINUTE, LOGIN_REQUIRED),
        ({"max_age": 0}, timedelta(), LOGIN_REQUIRED),
        ({"acr_words": (HIGH,)}, MINUTE, INTERACTION_REQUIRED),
        ({"subject_hint": "somebody-else"}, MINUTE, LOGIN_REQUIRED),
        ({"name": TOWN}, MINUTE, CONSENT_REQUIRED),
        ({"scopes": ("openid", "email")}, MINUTE, CONSENT_REQUIRED),
    ],
)
def test_ru_17_silence_where_something_must_be_asked_is_refused_to_the_client(
    house: House, asked: dict[str, Any], later: timedelta, problem: Problem
) -> None:
    browser = house.browser()
    browser.login()
    house.wait(later)
    assert silently(browser, **asked) is problem


def test_ru_17_silence_with_all_in_place_is_answered(house: House) -> None:
    browser = house.browser()
    browser.login()
    turn = browser.open(prompts=(Prompt.NONE,), max_age=0 + 60, acr_words=(LOW,))
    assert turn.page is Page.DONE


@pytest.mark.parametrize("age", [0, 1])
def test_ru_20_a_session_older_than_asked_is_proven_again(house: House, age: int) -> None:
    browser = house.browser()
    first = house.grant_of(browser.login().answer)
    house.wait(timedelta(seconds=10))
    assert browser.open(max_age=age).page is Page.CHOOSE
    second = house.grant_of(browser.seeded().answer)
    assert second.event.at - first.event.at == timedelta(seconds=10)


def test_ru_22_a_weak_session_is_stepped_up_and_refusing_is_an_error(house: House) -> None:
    browser = house.browser()
    browser.login()
    assert browser.open(acr_words=(HIGH,)).page is Page.CARD
    turn = browser.flow.cancel(browser.tx.id, browser.visitor)
    assert error_of(turn.answer) == ACCESS_DENIED.oauth
    assert house.grant_of(browser.open().answer).event.acr is Assurance.SUBSTANTIAL


@pytest.mark.parametrize("essential", [True, False])
@pytest.mark.proves("core.acr-reached")
def test_ru_22_the_level_answered_is_never_above_what_happened(
    tmp_path: Path, *, essential: bool
) -> None:
    (tmp_path / "weak").mkdir()
    house = House(tmp_path / "weak", card={"enabled": False})
    browser = house.browser()
    if essential:
        with pytest.raises(RefusedToClient) as refused:
            browser.open(acr_words=(HIGH,), essential_acr=True)
        assert refused.value.problem is UNMET_AUTHENTICATION_REQUIREMENTS
    else:
        grant = house.grant_of(browser.login(acr_words=(HIGH,)).answer)
        assert grant.event.acr is Assurance.SUBSTANTIAL
        assert grant.acr_word.endswith("/substantial")
    house.ledger.close()


def test_ru_22_a_level_registered_as_least_is_not_talked_down(tmp_path: Path) -> None:
    (tmp_path / "weak").mkdir()
    house = House(tmp_path / "weak", card={"enabled": False})
    house.register(minimum_acr=HIGH)
    with pytest.raises(RefusedToClient) as refused:
        house.browser().open(acr_words=(LOW,))
    assert refused.value.problem is UNMET_AUTHENTICATION_REQUIREMENTS
    house.ledger.close()


@pytest.mark.parametrize(
    "state",
    [PersonState.LOCKED, PersonState.SUSPENDED, PersonState.DECEASED, PersonState.ERASED],
)
def test_tok_08_a_session_of_somebody_who_was_locked_gives_no_code(
    house: House, state: PersonState
) -> None:
    browser = house.browser()
    browser.login()
    house.set_state(AN, state)
    codes = house.audited().count("code.issued")
    assert silently(browser) is LOGIN_REQUIRED
    assert browser.open().page is Page.CHOOSE
    assert browser.seeded().trouble is not None
    assert house.audited().count("code.issued") == codes


def test_tok_08_a_session_by_a_card_that_has_expired_gives_no_code(house: House) -> None:
    from tests.world import tokens

    made = tokens.country().issue(
        tokens.request(national_number="85073003526", valid_until=house.now() + 10 * MINUTE)
    )
    browser = house.browser()
    browser.open()
    browser.card(made)
    browser.agree()
    house.wait(9 * MINUTE)
    assert browser.open().page is Page.DONE
    house.wait(MINUTE)
    assert browser.open().page is Page.CHOOSE
