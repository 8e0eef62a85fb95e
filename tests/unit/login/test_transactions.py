"""Where a login is kept: reloads, other browsers, cross-site posts, time, and starting again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from idp.domain.answer import RefusedToClient
from idp.domain.event import MethodName
from idp.domain.request import Prompt
from idp.errors import (
    CLIENT_DISABLED,
    INVALID_REQUEST_URI,
    LOGIN_ELSEWHERE,
    LOGIN_EXPIRED,
    LOGIN_MOVED,
    LOGIN_REQUIRED,
    LOGIN_SPENT,
    LOGIN_UNKNOWN,
    SIGN_IN_WRONG,
    Problem,
    Refused,
)
from idp.login.flow import LoginRefused, Page
from idp.login.methods import NoMeansOfLogin, by_name
from tests.unit.login.house import MINUTE, SHOP

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.login.house import Browser, House

PUSHED = "9f" * 32


def why(act: Callable[[], object]) -> Problem:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.problem


def restarted(browser: Browser) -> Page:
    return browser.take(browser.flow.restart(browser.tx.id, browser.visitor)).page


def test_a_reload_of_a_pushed_request_joins_the_open_login(house: House) -> None:
    browser = house.browser()
    first = browser.open(pushed=PUSHED).tx.id
    browser.choose(MethodName.CARD)
    again = browser.open(pushed=PUSHED)
    assert (again.tx.id, again.page) == (first, Page.CARD)


def test_another_browser_opens_a_login_of_its_own(house: House) -> None:
    one, other = house.browser(), house.browser()
    assert one.open(pushed=PUSHED).tx.id != other.open(pushed=PUSHED).tx.id


def test_of_two_logins_by_one_pushed_request_the_first_to_complete_wins(house: House) -> None:
    one, other = house.browser(), house.browser()
    for browser in (one, other):
        browser.open(pushed=PUSHED)
        browser.seeded()
    one.agree()
    assert why(other.agree) is INVALID_REQUEST_URI


def test_a_plain_request_opens_a_new_login_each_time(house: House) -> None:
    browser = house.browser()
    assert browser.open().tx.id != browser.open().tx.id


def test_a_cancelled_login_is_not_joined(house: House) -> None:
    browser = house.browser()
    first = browser.open(pushed=PUSHED).tx.id
    browser.flow.cancel(first, browser.visitor)
    assert browser.open(pushed=PUSHED).tx.id != first


def test_a_browser_keeps_its_cookie_and_the_login_only_its_hash(house: House) -> None:
    browser = house.browser()
    turn = browser.open()
    assert turn.set_binding is not None
    assert turn.set_binding not in repr(turn.tx)
    assert len(turn.tx.binding) == 64
    assert browser.open().set_binding is None


def test_a_cross_site_post_is_claimed_by_the_browser_that_follows_it(house: House) -> None:
    browser, other = house.browser(), house.browser()
    browser.open()
    known = browser.binding
    turn = browser.post()
    assert turn.page is Page.CHOOSE
    assert browser.visit().page is Page.CHOOSE
    assert browser.binding == known
    other.open()
    assert why(lambda: other.visit(browser.tx.id)) is LOGIN_ELSEWHERE
    assert browser.seeded().page is Page.CONSENT


def test_a_cross_site_post_of_a_new_browser_gives_it_a_cookie_at_its_visit(house: House) -> None:
    browser = house.browser()
    browser.post()
    assert browser.visit().set_binding is not None
    assert browser.visit().set_binding is None


def test_a_cross_site_post_finds_the_session_at_its_visit(house: House) -> None:
    browser = house.browser()
    browser.login()
    assert browser.post().page is Page.CHOOSE
    assert browser.visit().page is Page.DONE
    assert why(browser.visit) is LOGIN_SPENT


def test_a_silent_cross_site_post_is_refused_at_its_visit_and_over(house: House) -> None:
    browser = house.browser()
    browser.open()
    browser.post(prompts=(Prompt.NONE,))
    with pytest.raises(RefusedToClient) as refused:
        browser.visit()
    assert refused.value.problem is LOGIN_REQUIRED
    assert why(browser.visit) is LOGIN_SPENT


def test_nothing_but_a_visit_claims_a_posted_login(house: House) -> None:
    browser = house.browser()
    browser.open()
    browser.post()
    assert why(lambda: browser.choose(MethodName.SEEDED)) is LOGIN_ELSEWHERE


def test_an_unknown_login_is_unknown(house: House) -> None:
    browser = house.browser()
    browser.open()
    for name in ("unknown", "x" * 1000, "é", "\x00"):
        assert why(lambda name=name: browser.visit(name)) is LOGIN_UNKNOWN  # type: ignore[misc]


def test_an_expired_login_says_so_and_starts_again_under_another_name(house: House) -> None:
    browser = house.browser()
    first = browser.open(pushed=PUSHED).tx.id
    browser.choose(MethodName.SEEDED)
    house.wait(30 * MINUTE)
    assert why(browser.visit) is LOGIN_EXPIRED
    token = browser.flow.form_token(browser.tx)
    browser.flow.check_form(first, browser.visitor, token)
    assert restarted(browser) is Page.CHOOSE
    assert browser.tx.id != first
    browser.seeded()
    assert browser.agree().page is Page.DONE


def test_starting_again_and_again_ends_an_hour_after_the_first_opening(house: House) -> None:
    browser = house.browser()
    browser.open(pushed=PUSHED)
    house.wait(45 * MINUTE)
    restarted(browser)
    assert browser.tx.expires_at == house.now() + 15 * MINUTE
    house.wait(15 * MINUTE)
    with pytest.raises(Refused) as refused:
        restarted(browser)
    assert refused.value.problem is LOGIN_EXPIRED
    # Not the page that offers to start again: only the e-service can.
    assert not isinstance(refused.value, LoginRefused)


def test_an_expired_login_is_forgotten_in_the_end(house: House) -> None:
    browser = house.browser()
    browser.open()
    house.wait(91 * MINUTE)
    assert why(browser.visit) is LOGIN_UNKNOWN


def test_starting_again_forgets_who_proved_and_asks_for_a_means(house: House) -> None:
    browser = house.browser()
    browser.open()
    browser.seeded()
    assert restarted(browser) is Page.CHOOSE
    assert (browser.tx.event, browser.tx.session) == (None, None)
    assert browser.visit().page is Page.CHOOSE
    assert browser.seeded("bo").person_name == "Bo Seed"


def test_a_completed_login_is_spent_for_every_verb(house: House) -> None:
    browser = house.browser()
    browser.login()
    for act in (
        browser.visit,
        browser.agree,
        lambda: restarted(browser),
        lambda: browser.flow.cancel(browser.tx.id, browser.visitor),
        lambda: browser.choose(MethodName.SEEDED),
    ):
        assert why(act) is LOGIN_SPENT


def test_a_completed_login_that_reappears_completes_nothing(house: House) -> None:
    browser = house.browser()
    browser.open()
    browser.seeded()
    before = dict(house.ephemeral._values)
    browser.agree()
    house.ephemeral._values.update(before)
    assert why(browser.agree) is LOGIN_SPENT
    assert why(lambda: browser.flow.cancel(browser.tx.id, browser.visitor)) is LOGIN_SPENT
    assert house.audited().count("code.issued") == 1


def test_a_cancelled_login_that_reappears_completes_nothing(house: House) -> None:
    browser = house.browser()
    browser.open()
    browser.seeded()
    before = dict(house.ephemeral._values)
    browser.flow.cancel(browser.tx.id, browser.visitor)
    house.ephemeral._values.update(before)
    assert why(browser.agree) is LOGIN_SPENT
    assert "code.issued" not in house.audited()


def test_a_login_may_wander_between_workers(house: House) -> None:
    browser = house.browser()
    browser.open()
    for step in (browser.seeded, browser.agree):
        browser.flow = house.worker()
        step()
    assert browser.turn is not None
    assert browser.turn.page is Page.DONE


def test_a_poll_moves_nothing(house: House) -> None:
    browser = house.browser()
    browser.open(pushed=PUSHED)
    other_tab = house.browser()
    other_tab.binding = browser.binding
    other_tab.login()
    browser.session = other_tab.session
    seen = browser.flow.progress(browser.tx.id, browser.visitor)
    assert seen == (browser.tx, "")
    assert browser.visit().page is Page.DONE


def test_a_disabled_client_is_refused_in_the_middle_of_a_login(house: House) -> None:
    browser = house.browser()
    browser.open()
    browser.seeded()
    house.register(SHOP, enabled=False)
    assert why(browser.agree) is CLIENT_DISABLED
    house.register(SHOP, expires_at=house.now())
    assert why(browser.agree) is CLIENT_DISABLED


@pytest.mark.parametrize("name", ["nobody", "", "x" * 101, "an' OR '1'='1"])
def test_a_wrong_user_name_is_refused_and_may_be_tried_again(house: House, name: str) -> None:
    browser = house.browser()
    browser.open()
    turn = browser.seeded(name)
    assert (turn.page, turn.trouble) == (Page.SEEDED, SIGN_IN_WRONG)
    assert house.audited() == []
    assert browser.seeded().page is Page.CONSENT


def test_a_deployment_without_any_means_of_login_is_refused() -> None:
    with pytest.raises(NoMeansOfLogin):
        by_name(())


def test_a_refusal_to_the_owner_carries_the_login(house: House) -> None:
    browser = house.browser()
    browser.open()
    house.wait(30 * MINUTE)
    with pytest.raises(LoginRefused) as refused:
        browser.visit()
    assert refused.value.tx == browser.tx


def test_a_step_reads_the_login_that_its_form_was_checked_with_only_once(house: House) -> None:
    browser = house.browser()
    browser.open()
    token = browser.flow.form_token(browser.tx)
    login = browser.flow.check_form(browser.tx.id, browser.visitor, token)
    house.ephemeral._values.clear()
    assert (
        why(lambda: browser.flow.choose(login, browser.visitor, MethodName.SEEDED)) is LOGIN_MOVED
    )


def test_a_login_that_was_checked_for_one_browser_moves_for_no_other(house: House) -> None:
    browser, other = house.browser(), house.browser()
    browser.open()
    other.open()
    token = browser.flow.form_token(browser.tx)
    login = browser.flow.check_form(browser.tx.id, browser.visitor, token)
    assert why(lambda: browser.flow.cancel(login, other.visitor)) is LOGIN_ELSEWHERE
