"""Whoever waits is told: by a hint, without one within two seconds, and never about others."""

from __future__ import annotations

from datetime import timedelta

import pytest

from idp.domain.transaction import Step
from idp.waiting.attendant import (
    MOST_PER_LOGIN,
    PING_ROUNDS,
    ROUND_SECONDS,
    TICK_SECONDS,
)
from idp.waiting.room import SLOTS
from tests.unit.waiting.room_of_straw import CHANGED, END, MINUTE, READY, Straw


def one_round(straw: Straw) -> None:
    for _ in range(SLOTS):
        straw.attendant.turn()


# --- coming ---------------------------------------------------------------------------------------


def test_a_browser_that_comes_is_admitted_and_told_so(straw: Straw) -> None:
    guest = straw.guest(straw.login().id)
    assert (guest.status, guest.news(), guest.closed) == (200, [READY], False)


@pytest.mark.parametrize("cookie", [None, "", "another-browser"])
def test_another_browser_hears_the_same_as_of_a_login_that_never_was(
    straw: Straw, cookie: str | None
) -> None:
    login = straw.login().id
    stranger, nothing = straw.guest(login, cookie), straw.guest("never-was-one", cookie)
    assert (stranger.status, stranger.news()) == (nothing.status, nothing.news()) == (404, [])
    straw.move(login, language="fr")
    straw.hint(login)
    one_round(straw)
    assert stranger.news() == []


def test_a_login_that_is_over_tells_the_browser_not_to_come_back(straw: Straw) -> None:
    login = straw.login()
    straw.move(login.id, step=Step.REFUSED)
    assert straw.guest(login.id).status == 204
    other = straw.login()
    straw.clock.at = other.expires_at
    assert straw.guest(other.id).status == 204


def test_a_store_that_does_not_answer_is_no_verdict(straw: Straw) -> None:
    login = straw.login().id
    straw.elsewhere.down = True
    assert straw.guest(login).status == 503


def test_a_handful_of_tabs_may_wait_for_one_login_and_no_more(straw: Straw) -> None:
    login = straw.login().id
    tabs = [straw.guest(login) for _ in range(MOST_PER_LOGIN)]
    assert straw.guest(login).status == 429
    straw.attendant.leave(tabs[0])
    assert straw.guest(login).status == 200


# --- being told -----------------------------------------------------------------------------------


def test_a_hint_tells_the_browsers_of_that_login_alone(straw: Straw) -> None:
    one, other = straw.login().id, straw.login().id
    tab, same, else_where = straw.guest(one), straw.guest(one), straw.guest(other)
    for guest in (tab, same, else_where):
        guest.news()
    straw.move(one, language="fr")
    straw.hint(one)
    assert (tab.news(), same.news(), else_where.news()) == ([CHANGED], [CHANGED], [])


def test_who_stays_after_a_hint_is_told_once_more_by_the_wheel_and_then_no_more(
    straw: Straw,
) -> None:
    login = straw.login().id
    guest = straw.guest(login)
    straw.move(login, language="fr")
    straw.hint(login)
    guest.news()
    one_round(straw)
    assert guest.news() == [CHANGED]  # another change may have come, and its hint been lost
    one_round(straw)
    assert guest.news() == []


def test_a_lost_hint_is_found_in_one_round_of_the_wheel_which_is_less_than_two_seconds(
    straw: Straw,
) -> None:
    logins = [straw.login().id for _ in range(2 * SLOTS)]
    guests = [straw.guest(login) for login in logins]
    for login, guest in zip(logins, guests, strict=True):
        guest.news()
        straw.move(login, language="fr")
    one_round(straw)
    assert [guest.news() for guest in guests] == [[CHANGED]] * len(guests)
    assert pytest.approx(ROUND_SECONDS) == SLOTS * TICK_SECONDS
    assert ROUND_SECONDS < 2


def test_what_changes_elsewhere_than_in_the_login_is_found_too() -> None:
    approvals: dict[str, int] = {}
    straw = Straw(also=(lambda logins: [approvals.get(login, 0) for login in logins],))
    login = straw.login().id
    guest = straw.guest(login)
    guest.news()
    one_round(straw)
    assert guest.news() == []
    approvals[login] = 1
    one_round(straw)
    assert guest.news() == [CHANGED]


def test_a_change_between_coming_and_being_read_is_not_lost(straw: Straw) -> None:
    login = straw.login().id
    straw.elsewhere.hold = True
    guest = straw.guest(login)
    straw.move(login, language="fr")
    straw.hint(login)
    assert guest.news() == []
    straw.elsewhere.let_go()
    assert guest.news() == [READY, CHANGED]


def test_a_change_after_the_reading_and_before_its_news_is_not_lost(straw: Straw) -> None:
    login = straw.login().id
    guest = straw.guest(login)
    guest.news()
    straw.move(login, language="fr")
    straw.elsewhere.hold = True
    straw.hint(login)
    straw.move(login, language="de")
    straw.hint(login)  # while the first is under way
    straw.elsewhere.let_go()
    assert guest.news()[-1] == CHANGED
    straw.move(login, language="nl")  # and this hint is lost
    one_round(straw)
    assert guest.news() == [CHANGED]


def test_when_hints_may_have_been_lost_everybody_is_looked_after_at_once(straw: Straw) -> None:
    logins = [straw.login().id for _ in range(5)]
    guests = [straw.guest(login) for login in logins]
    straw.move(logins[3], language="fr")
    for guest in guests:
        guest.news()
    straw.attendant.heard(None)
    assert [guest.news() for guest in guests] == [[], [], [], [CHANGED], []]


def test_a_hint_is_passed_on_though_the_store_does_not_answer(straw: Straw) -> None:
    login = straw.login().id
    guest = straw.guest(login)
    guest.news()
    straw.move(login, language="fr")
    straw.elsewhere.down = True
    straw.hint(login)
    assert guest.news() == [CHANGED]
    one_round(straw)
    assert guest.news() == []
    straw.elsewhere.down = False
    one_round(straw)
    assert guest.news() == [CHANGED]  # twice rather than not at all


def test_hints_for_nobody_are_no_fault(straw: Straw) -> None:
    straw.attendant.heard(["login:nobody", "", "anything at all"])


def test_hints_are_passed_on_without_a_look_at_any_store(straw: Straw) -> None:
    logins = [straw.login().id for _ in range(50)]
    guests = [straw.guest(login) for login in logins]
    for guest in guests:
        guest.news()
    before = straw.elsewhere.batches
    for login in logins:
        straw.hint(login)
    assert straw.elsewhere.batches == before
    assert all(guest.news() == [CHANGED] for guest in guests)


# --- the wheel ------------------------------------------------------------------------------------


def test_no_moment_of_the_wheel_has_more_than_its_share(straw: Straw) -> None:
    for _ in range(10 * SLOTS):
        straw.guest(straw.login().id)
    shares = [len(straw.attendant.room.turn()[1]) for _ in range(SLOTS)]
    assert shares == [10] * SLOTS


def test_every_browser_gets_a_sign_of_life_and_not_all_at_once(straw: Straw) -> None:
    guests = [straw.guest(straw.login().id) for _ in range(4 * PING_ROUNDS * SLOTS)]
    most = 0
    for _ in range(PING_ROUNDS * SLOTS):
        before = sum(guest.told.count("ping") for guest in guests)
        straw.attendant.turn()
        most = max(most, sum(guest.told.count("ping") for guest in guests) - before)
    assert [guest.told.count("ping") for guest in guests] == [1] * len(guests)
    assert most == 4


def test_a_login_that_ends_is_told_and_closed(straw: Straw) -> None:
    login = straw.login().id
    guest = straw.guest(login)
    guest.news()
    straw.move(login, step=Step.REFUSED)
    straw.hint(login)
    assert (guest.news(), guest.closed) == ([CHANGED], False)
    one_round(straw)
    assert (guest.news(), guest.closed) == ([CHANGED, END], True)
    assert straw.attendant.room.waiting_for(login) == ()


def test_a_login_that_expires_is_told_and_closed_without_any_hint(straw: Straw) -> None:
    login = straw.login()
    guest = straw.guest(login.id)
    guest.news()
    straw.clock.at = login.expires_at - timedelta(seconds=1)
    one_round(straw)
    assert guest.news() == []
    straw.clock.at = login.expires_at
    one_round(straw)
    assert (guest.news(), guest.closed) == ([CHANGED, END], True)


def test_a_login_that_the_store_lost_is_told_and_closed(straw: Straw) -> None:
    guest = straw.guest(straw.login().id)
    guest.news()
    straw.ephemeral.close()
    one_round(straw)
    assert (guest.news(), guest.closed) == ([CHANGED, END], True)


# --- going ----------------------------------------------------------------------------------------


def test_who_left_is_told_nothing_and_looked_after_no_more(straw: Straw) -> None:
    login = straw.login().id
    guest = straw.guest(login)
    straw.attendant.leave(guest)
    straw.attendant.leave(guest)
    guest.news()
    straw.hint(login)
    before = straw.elsewhere.batches
    one_round(straw)
    assert (guest.news(), straw.elsewhere.batches) == ([], before)


def test_at_the_end_everybody_is_sent_away_to_come_back_at_different_moments(
    straw: Straw,
) -> None:
    guests = [straw.guest(straw.login().id) for _ in range(50)]
    straw.elsewhere.hold = True
    entering = straw.guest(straw.login().id)
    for guest in guests:
        guest.news()
    straw.attendant.drain()
    told = [guest.news() for guest in guests]
    assert all(guest.closed for guest in guests)
    moments = {int(word.removeprefix("retry: ")) for [word] in told}
    assert len(moments) > 25
    assert max(moments) < 5000
    assert entering.status == 503
    assert list(straw.attendant.room) == []


def test_a_login_keeps_its_life(straw: Straw) -> None:
    login = straw.login()
    straw.clock.move(MINUTE)
    guest = straw.guest(login.id)
    assert guest.ends == login.expires_at.timestamp()
