"""Leaving is leaving: an old cookie of a sign-on ends all of it, as its newest one does.

A browser keeps the old one when the answer to a step-up was lost on its way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.login import sessions

if TYPE_CHECKING:
    from tests.unit.login.house import Browser, House


def stepped_up_with_a_lost_answer(house: House) -> tuple[Browser, str]:
    """Somebody whose browser holds the cookie before the last one; and that last one."""
    browser = house.browser()
    browser.login(who="an")
    old = browser.session
    browser.open(max_age=0)
    browser.seeded("an")
    newest = browser.session
    assert newest is not None
    assert newest != old
    browser.session = old
    return browser, newest


def alive(house: House, cookie: str) -> bool:
    with house.ledger.read() as unit:
        session = sessions.find(unit, cookie)
    return session is not None and session.ended_at is None


def test_logout_by_an_old_cookie_ends_the_whole_sign_on(house: House) -> None:
    browser, newest = stepped_up_with_a_lost_answer(house)
    assert browser.flow.end_session(browser.visitor, why="citizen") is not None
    assert not alive(house, newest)
    assert browser.flow.end_session(browser.visitor, why="citizen") is None


def test_another_person_with_an_old_cookie_ends_the_whole_sign_on(house: House) -> None:
    browser, newest = stepped_up_with_a_lost_answer(house)
    browser.open()
    browser.seeded("bo")
    assert not alive(house, newest)


def test_an_old_cookie_still_opens_nothing(house: House) -> None:
    browser, newest = stepped_up_with_a_lost_answer(house)
    assert browser.open().answer is None
    assert alive(house, newest)
