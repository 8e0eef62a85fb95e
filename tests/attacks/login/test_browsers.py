"""CODE-14, SES-02/03/05, WEB-02, WEB-19: a login belongs to one browser and to one session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from idp.domain.event import MethodName
from idp.errors import (
    FORM_FORGED,
    LOGIN_ELSEWHERE,
    LOGIN_MOVED,
    LOGIN_SPENT,
    SESSION_CHANGED,
    Problem,
    Refused,
)
from idp.login.flow import LoginRefused, Page, Visitor
from tests.unit.login.house import AN, BO, TOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.login.house import Browser, House


def why(act: Callable[[], object]) -> Problem:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.problem


def every_verb(browser: Browser, login: str) -> list[Callable[[], object]]:
    flow, visitor = browser.flow, browser.visitor
    return [
        lambda: flow.visit(login, visitor),
        lambda: flow.progress(login, visitor),
        lambda: flow.choose(login, visitor, MethodName.SEEDED),
        lambda: flow.prove(login, visitor, MethodName.SEEDED, "an"),
        lambda: flow.consent(login, visitor, agreed=frozenset(), remember=True),
        lambda: flow.cancel(login, visitor),
        lambda: flow.restart(login, visitor),
        lambda: flow.check_form(login, visitor, "x"),
    ]


def test_code_14_no_step_of_a_login_opens_in_another_browser(house: House) -> None:
    owner, thief = house.browser(), house.browser()
    owner.open()
    owner.seeded()
    thief.open()
    for act in every_verb(thief, owner.tx.id):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.problem is LOGIN_ELSEWHERE
        # What the owner may see of the login is not shown to anybody else.
        assert not isinstance(refused.value, LoginRefused)
    assert owner.agree().page is Page.DONE


@pytest.mark.parametrize("cookie", [None, "", "x", "0" * 64, "é", "\udcff"])
def test_code_14_neither_without_a_cookie_nor_with_a_made_up_one(
    house: House, cookie: str | None
) -> None:
    owner = house.browser()
    owner.open()
    visitor = Visitor(binding=cookie, session=None)
    assert why(lambda: house.flow.visit(owner.tx.id, visitor)) is LOGIN_ELSEWHERE
    stolen_hash = Visitor(binding=owner.tx.binding, session=None)
    assert why(lambda: house.flow.visit(owner.tx.id, stolen_hash)) is LOGIN_ELSEWHERE


def test_ses_02_a_victim_with_a_session_does_not_complete_the_attackers_login(
    house: House,
) -> None:
    victim, attacker = house.browser(), house.browser()
    victim.login()
    attacker.open()
    codes = house.audited().count("code.issued")
    assert why(lambda: victim.visit(attacker.tx.id)) is LOGIN_ELSEWHERE
    assert house.audited().count("code.issued") == codes
    assert attacker.visit().page is Page.CHOOSE
    assert attacker.session is None


def test_ses_02_a_posted_login_serves_the_victim_or_the_attacker_never_both(house: House) -> None:
    victim, attacker = house.browser(), house.browser()
    victim.login()
    attacker.open()
    attacker.post()
    assert victim.visit(attacker.tx.id).page is Page.DONE
    assert why(attacker.visit) is LOGIN_ELSEWHERE


def test_ses_03_the_next_person_in_a_browser_gets_names_of_their_own(house: House) -> None:
    browser = house.browser()
    first = house.grant_of(browser.login().answer)
    stale = browser.session
    browser.flow.end_session(browser.visitor, why="citizen")
    assert browser.open().clear_session
    browser.session = stale
    browser.open()
    browser.seeded("bo")
    second = house.grant_of(browser.agree().answer)
    assert (first.person, second.person) == (AN, BO)
    assert first.sid != second.sid
    assert first.session != second.session
    assert first.subject != second.subject


def test_ses_03_a_session_fixed_before_the_login_is_not_the_one_after_it(house: House) -> None:
    attacker, victim = house.browser(), house.browser()
    attacker.login(who="bo")
    victim.session = attacker.session
    victim.open(name=TOWN, max_age=0)
    victim.seeded("an")
    assert victim.session != attacker.session
    turn = attacker.open()
    assert (turn.page, turn.clear_session) == (Page.CHOOSE, True)


def test_ses_05_a_consent_page_of_one_person_is_not_answered_by_another(house: House) -> None:
    browser = house.browser()
    browser.open()
    tab_1 = browser.seeded("an").tx.id
    browser.open(name=TOWN)
    browser.flow.restart(browser.tx.id, browser.visitor)
    browser.seeded("bo")
    codes = house.audited().count("code.issued")
    for act in (lambda: browser.agree(tx=tab_1), lambda: browser.visit(tab_1)):
        assert why(act) is SESSION_CHANGED
    assert house.audited().count("code.issued") == codes


def test_ses_05_nor_after_a_logout(house: House) -> None:
    browser = house.browser()
    browser.open()
    browser.seeded()
    browser.flow.end_session(browser.visitor, why="citizen")
    assert why(browser.agree) is SESSION_CHANGED
    browser.session = None
    assert why(browser.agree) is SESSION_CHANGED


def test_ses_10_a_copied_cookie_dies_with_its_owners_next_proof_and_is_noted_when_it_is_tried(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    owner, thief = house.browser(), house.browser()
    owner.login()
    thief.session = owner.session
    owner.open(name=TOWN, max_age=0)
    owner.seeded()
    owner.agree()
    with caplog.at_level("INFO", logger="sesame"):
        assert owner.open().page is Page.DONE
        assert caplog.messages == []
        assert thief.open().page is Page.CHOOSE
        assert caplog.messages == ["session.old_cookie"]
        owner.flow.end_session(owner.visitor, why="citizen")
        thief.session = owner.session
        assert thief.open().page is Page.CHOOSE
    assert caplog.messages == ["session.old_cookie"] * 2


def test_web_02_the_account_is_shown_before_anything_leaves(house: House) -> None:
    attacker, victim = house.browser(), house.browser()
    attacker.open()
    assert attacker.seeded("bo").page is Page.CONSENT
    # The attacker's login in the victim's browser: neither its link nor its session goes along.
    victim.open()
    assert why(lambda: victim.visit(attacker.tx.id)) is LOGIN_ELSEWHERE
    victim.session = attacker.session
    turn = victim.open()
    assert (turn.page, turn.person_name) == (Page.CONSENT, "Bo Seed")


def test_web_19_a_form_token_is_of_one_login_one_browser_and_one_session(house: House) -> None:
    one, other = house.browser(), house.browser()
    one.open()
    other.open()
    token = one.flow.form_token(one.tx)
    one.flow.check_form(one.tx.id, one.visitor, token)
    flipped = chr(ord(token[0]) ^ 1) + token[1:]
    others = other.flow.form_token(other.tx)
    for wrong in (flipped, others, token[1:], "=" + token, "", None, "é", "\udcff"):
        assert why(lambda: one.flow.check_form(one.tx.id, one.visitor, wrong)) is FORM_FORGED  # noqa: B023
    for other_page in (token[:-1], token + "=", token.partition(".")[0], token + "\udcff"):
        assert why(lambda: one.flow.check_form(one.tx.id, one.visitor, other_page)) is LOGIN_MOVED  # noqa: B023
    assert why(lambda: other.flow.check_form(one.tx.id, other.visitor, token)) is LOGIN_ELSEWHERE
    one.seeded()
    assert why(lambda: one.flow.check_form(one.tx.id, one.visitor, token)) is LOGIN_MOVED
    one.agree()
    assert why(lambda: one.flow.check_form(one.tx.id, one.visitor, token)) is LOGIN_SPENT
    assert why(lambda: one.flow.check_form(one.tx.id, one.visitor, flipped)) is FORM_FORGED


def test_web_19_a_form_token_after_the_login_moves_nothing(house: House) -> None:
    browser = house.browser()
    browser.open()
    browser.seeded()
    token = browser.flow.form_token(browser.tx)
    browser.agree()
    browser.flow.check_form(browser.tx.id, browser.visitor, token)
    assert why(browser.agree) is LOGIN_SPENT
