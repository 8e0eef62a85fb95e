"""One login, several e-services: when a session answers, when it must be proven again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.answer import RefusedToClient
from idp.domain.assurance import Assurance
from idp.domain.grant import AccessToken, TokenHash
from idp.domain.request import Prompt
from idp.domain.transaction import Step
from idp.errors import LOGIN_REQUIRED, UNKNOWN_CLIENT, Problem, Refused
from idp.login.flow import Page
from tests.unit.login.house import AN, BO, HIGH, LOW, MINUTE, SHOP, TOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.login.house import Browser, House


def told(act: Callable[[], object]) -> Problem:
    with pytest.raises(RefusedToClient) as refused:
        act()
    return refused.value.problem


def token_of(house: House, browser: Browser) -> Callable[[], bool]:
    """Redeem the code on the screen; gives a question: is the access token dead?"""
    assert browser.turn is not None
    grant = house.grant_of(browser.turn.answer)
    token = AccessToken(
        hash=TokenHash(grant.id),
        grant=grant.id,
        client=grant.client,
        scopes=("openid",),
        audience=(),
        issued_at=house.now(),
        expires_at=house.now() + timedelta(days=1),
    )
    with house.ledger.begin() as unit:
        unit.grants.add(grant)
        unit.grants.add_access_token(token)

    def dead() -> bool:
        with house.ledger.read() as unit:
            found = unit.grants.live_token(token.hash)
        return bool(found.session_ended or found.token.revoked_at is not None)

    return dead


def test_a_second_login_is_answered_at_once_by_one_commit_and_no_page(house: House) -> None:
    browser = house.browser()
    browser.login()
    house.ledger.commits = 0
    house.wait(MINUTE)
    turn = browser.open()
    assert (turn.page, turn.set_session, house.ledger.commits) == (Page.DONE, None, 1)
    grant = house.grant_of(turn.answer)
    assert (grant.person, grant.event.at) == (AN, house.now() - MINUTE)
    assert house.session(browser).used_at == house.now()  # type: ignore[union-attr]


def test_another_service_asks_for_its_own_consent_without_a_login(house: House) -> None:
    browser = house.browser()
    browser.login(SHOP)
    turn = browser.open(name=TOWN)
    assert (turn.page, turn.person_name) == (Page.CONSENT, "An Seed")
    assert browser.agree().page is Page.DONE
    session = house.session(browser)
    assert session is not None
    assert set(session.sids) == {SHOP, TOWN}
    assert len(set(session.sids.values())) == 2


@pytest.mark.parametrize("time", [timedelta(minutes=30), timedelta(hours=8)])
def test_a_session_left_alone_for_too_long_answers_nothing(house: House, time: timedelta) -> None:
    browser = house.browser()
    browser.login()
    house.wait(time)
    assert browser.open().page is Page.CHOOSE


def test_a_session_in_constant_use_ends_after_eight_hours(house: House) -> None:
    browser = house.browser()
    browser.login()
    for _ in range(19):
        house.wait(25 * MINUTE)
        assert browser.open().page is Page.DONE
    house.wait(5 * MINUTE)
    assert browser.open().page is Page.CHOOSE


def test_a_step_up_changes_the_cookie_and_ends_no_other_services_tokens(house: House) -> None:
    browser = house.browser()
    with house.ledger.begin() as unit:
        person = unit.people.get(AN)
        unit.people.renew(AN, _with_number(person.attributes), at=house.now())
    browser.login(SHOP)
    shop_dead = token_of(house, browser)
    before = browser.session
    house.wait(MINUTE)
    assert browser.open(name=TOWN, acr_words=(HIGH,)).page is Page.CARD
    browser.card()
    assert browser.session != before
    done = browser.agree()
    grant = house.grant_of(done.answer)
    assert (grant.person, grant.event.acr) == (AN, Assurance.HIGH)
    assert not shop_dead()
    session = house.session(browser)
    assert session is not None
    assert set(session.sids) == {SHOP, TOWN}
    stale = house.browser()
    stale.binding, stale.session = browser.binding, before
    assert stale.open().page is Page.CHOOSE
    browser.flow.end_session(browser.visitor, why="citizen")
    assert shop_dead()


def test_another_persons_login_ends_the_first_ones_session(house: House) -> None:
    browser = house.browser()
    browser.login(SHOP)
    dead = token_of(house, browser)
    browser.open(name=TOWN, prompts=(Prompt.LOGIN,))
    browser.seeded("bo")
    browser.agree()
    session = house.session(browser)
    assert session is not None
    assert (session.event.person, set(session.sids)) == (BO, {TOWN})
    assert dead()
    ended = [e for e in house.events() if e["kind"] == "session.ended"]
    assert [(e["person"], e["details"]["why"]) for e in ended] == [(AN, "other_person")]


def test_a_lapsed_session_is_ended_by_the_next_login(house: House) -> None:
    browser = house.browser()
    browser.login()
    dead = token_of(house, browser)
    house.wait(timedelta(hours=1))
    browser.login()
    assert dead()


@pytest.mark.parametrize("prompt", [Prompt.LOGIN, Prompt.SELECT_ACCOUNT])
def test_a_client_may_ask_for_a_new_login_and_one_is_enough(house: House, prompt: Prompt) -> None:
    browser = house.browser()
    browser.login()
    house.wait(MINUTE)
    assert browser.open(prompts=(prompt,)).page is Page.CHOOSE
    done = browser.seeded()
    assert done.page is Page.DONE
    assert house.grant_of(done.answer).event.at == house.now()


def test_max_age_is_satisfied_by_a_login_made_for_it(house: House) -> None:
    browser = house.browser()
    browser.login()
    house.wait(timedelta(seconds=10))
    assert browser.open(max_age=10).page is Page.DONE
    assert browser.open(max_age=9).page is Page.CHOOSE
    assert browser.seeded().page is Page.DONE
    assert browser.open(max_age=0).page is Page.CHOOSE
    assert browser.seeded().page is Page.DONE


def test_the_registered_age_counts_where_none_is_asked(house: House) -> None:
    house.register(SHOP, default_max_age=60)
    browser = house.browser()
    browser.login()
    house.wait(2 * MINUTE)
    assert browser.open().page is Page.CHOOSE
    assert browser.open(max_age=600).page is Page.DONE


def test_the_registered_level_counts_whatever_is_asked(house: House) -> None:
    browser = house.browser()
    browser.login()
    house.register(SHOP, minimum_acr=HIGH)
    assert browser.open(acr_words=(LOW,)).page is Page.CARD


def test_a_hint_at_another_person_is_held_to(house: House) -> None:
    browser = house.browser()
    grant = house.grant_of(browser.login().answer)
    assert browser.open(subject_hint=grant.subject).page is Page.DONE
    assert browser.open(subject_hint="somebody-else").page is Page.CHOOSE
    sessions = house.audited().count("login.proven")
    assert told(lambda: browser.seeded("bo")) is LOGIN_REQUIRED
    assert house.audited().count("login.proven") == sessions
    assert house.audited()[-1] == "login.refused"
    assert browser.open().page is Page.DONE


def test_logging_out_ends_the_session_once(house: House) -> None:
    browser = house.browser()
    browser.login()
    dead = token_of(house, browser)
    ended = browser.flow.end_session(browser.visitor, why="citizen")
    assert ended is not None
    assert [used.client for used in ended.used_at] == [SHOP]
    assert browser.flow.end_session(browser.visitor, why="citizen") is None
    assert dead()
    turn = browser.open()
    assert (turn.page, turn.clear_session) == (Page.CHOOSE, True)
    assert house.browser().flow.end_session(house.browser().visitor, why="citizen") is None


def test_no_cookie_of_a_session_is_kept_anywhere(house: House, tmp_path: Any) -> None:
    browser = house.browser()
    browser.login()
    assert browser.session is not None
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert browser.session.encode() not in everything
    assert browser.session not in repr(browser.turn)
    assert browser.session not in repr(browser.visitor)


def test_a_removed_client_has_no_logins(house: House) -> None:
    browser = house.browser()
    browser.open()
    with house.ledger.begin() as unit:
        unit.clients.remove(SHOP, at=house.now())
    with pytest.raises(Refused) as refused:
        browser.visit()
    assert refused.value.problem is UNKNOWN_CLIENT


def _with_number(attributes: Any) -> Any:
    from dataclasses import replace

    from tests.world.tokens import NUMBER

    return replace(attributes, national_number=NUMBER)


def test_a_second_tab_at_its_proof_goes_on_by_the_session_of_the_first(house: House) -> None:
    browser = house.browser()
    waiting = browser.open(acr_words=(HIGH,)).tx.id
    assert browser.tx.step is Step.PROVING
    browser.open(acr_words=(HIGH,))
    browser.answer(browser.token())
    browser.agree()
    assert browser.visit(waiting).page is Page.DONE


def test_a_second_tab_at_its_proof_asks_for_consent_where_it_must(house: House) -> None:
    browser = house.browser()
    waiting = browser.open(name=TOWN, acr_words=(HIGH,)).tx.id
    browser.open(acr_words=(HIGH,))
    browser.answer(browser.token())
    browser.agree()
    assert browser.visit(waiting).page is Page.CONSENT
    assert browser.agree().page is Page.DONE


def test_a_tab_whose_login_must_be_proven_keeps_its_page_and_its_challenge(house: House) -> None:
    browser = house.browser()
    browser.login()
    challenge = browser.open(acr_words=(HIGH,)).tx.challenge
    assert challenge is not None
    for _ in range(3):
        turn = browser.visit()
        assert (turn.page, turn.tx.challenge) == (Page.CARD, challenge)
    assert browser.answer(browser.token()).page is Page.CONSENT
