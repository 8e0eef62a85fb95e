"""Where a login comes from: reported, unusual, too many at once, or the phone itself."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from idp.web.i18n import ALL_LANGUAGES
from mobile_flow.limits import Limits, wait_after
from mobile_flow.model import PersonRef
from tests.attacks.phone.scene import ISSUER, SECOND, Browser, Scene, refusal
from tests.attacks.phone.visitors import cookie_of, seen
from tests.flows.phone.house import AN, DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HERE, NEAR, FAR = "2001:db8:1::1", "2001:db8:1::2", "198.51.100.7"
HOUR = timedelta(hours=1)
READING = timedelta(seconds=10)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    scenes: list[Scene] = []

    def make(**phone: Any) -> Scene:
        scenes.append(Scene(tmp_path / str(len(scenes)), **{"starts_per_browser": 100, **phone}))
        return scenes[-1]

    for number in range(3):
        (tmp_path / str(number)).mkdir()
    yield make
    for one in scenes:
        one.close()


def waiting(house: Scene, address: str = HERE, **seen_as: Any) -> Browser:
    """A browser from somewhere that waits for a phone."""
    return seen(house.browser(), address=address, **seen_as).open().choose("mobile")


def reported(house: Scene, address: str = HERE) -> Browser:
    """An attacker's browser whose login the victim reported."""
    victim, attacker = house.phone(), waiting(house, address)
    victim.scan(attacker.frame())
    victim.refuse(report=True)
    return attacker


def seeds_in(house: Scene, browser: Browser) -> bool:
    """Whether a login from there goes on by a means that is no phone (the card's stand-in here)."""
    house.seeded(browser)
    agreed = browser if "Location" in browser.answer.headers else browser.agree()
    return "code" in agreed.told


# --- MOB-17: after "this was not me" --------------------------------------------------------------


def test_mob_17_the_reported_browser_shows_no_code_for_an_hour_and_the_card_stays(
    made: Callable[..., Scene],
) -> None:
    house = made()
    attacker = reported(house)
    attacker.open(state="again")
    stopped = attacker.choose("mobile")
    assert (stopped.answer.status_code, stopped.answer.headers["Retry-After"]) == (429, "3600")
    assert "was not theirs" in stopped.page
    assert "You can try again in 60 minutes." in stopped.page
    assert seeds_in(house, attacker.open(state="more"))
    # Nor does it help to come from elsewhere, or to wait for less than an hour.
    house.wait(HOUR - 2 * SECOND)
    assert attacker.open(prompt="login").choose("mobile").answer.status_code == 429
    house.wait(2 * SECOND)
    assert attacker.open(prompt="login").choose("mobile").answer.status_code == 200


def test_mob_17_its_network_shows_one_code_a_minute_for_an_hour_and_no_other_network_less(
    made: Callable[..., Scene],
) -> None:
    house = made()
    reported(house)
    assert waiting(house, NEAR).answer.status_code == 200
    assert waiting(house, NEAR).answer.status_code == 429  # the same /64, another browser
    assert waiting(house, FAR).answer.status_code == 200
    assert seeds_in(house, seen(house.browser(), address=NEAR).open())
    house.wait(HOUR)
    for _ in range(3):
        assert waiting(house, NEAR).answer.status_code == 200


@pytest.mark.parametrize("forgetting", [True, False])
def test_mob_17_neither_a_restart_nor_a_lost_memory_forgives_it(
    made: Callable[..., Scene],
    forgetting: bool,  # noqa: FBT001
) -> None:
    house = made()
    attacker = reported(house)
    house.restart(forgetting=forgetting)
    again = seen(house.back(attacker), address=FAR)
    assert again.open().choose("mobile").answer.status_code == 429


def test_mob_17_a_report_of_what_was_used_slows_its_origin_too_and_the_browser_is_a_stranger(
    made: Callable[..., Scene],
) -> None:
    house = made()
    victim, attacker = house.phone(), waiting(house)
    attacker.approved_by(victim)
    assert known(house, attacker)
    victim.refuse(report=True)
    assert not known(house, attacker)
    assert attacker.open(prompt="login").choose("mobile").answer.status_code == 429


def known(house: Scene, browser: Browser) -> bool:
    from idp.login.transactions import fingerprint

    word = fingerprint(cookie_of(browser).partition("=")[2])
    with house.services.ledger.read() as unit:
        return unit.phones.knows_browser(PersonRef(AN), word, at=house.at)


@pytest.mark.parametrize("language", ALL_LANGUAGES)
def test_mob_17_the_page_says_so_in_every_language_and_offers_the_other_means(
    made: Callable[..., Scene], language: str
) -> None:
    house = made()
    attacker = reported(house)
    attacker.open(state="again", ui_locales=language)
    page = attacker.choose("mobile").page
    assert f'<html lang="{language}"' in page
    assert re.search(r'<form[^>]+action="/login/[^"]+/restart"', page)


# --- R1, R3: how many at once, and again and again ------------------------------------------------


def test_r1_a_new_code_of_a_browser_ends_what_a_phone_answers_for_its_other_tab(
    made: Callable[..., Scene],
) -> None:
    house = made()
    phone, browser = house.phone(), waiting(house)
    phone.scan(browser.frame())
    number, first = browser.visit().number, browser.login
    browser.open(state="second").choose("mobile")
    assert refusal(lambda: phone.number(number)) == "approval_cancelled"
    assert phone.scan(browser.frame())["state"] == "claimed"
    browser.login = first
    assert browser.visit().state == "cancelled"


def test_r3_three_codes_wait_at_one_address_and_a_fourth_waits_for_one_of_them(
    made: Callable[..., Scene],
) -> None:
    house = made(open_per_address=3)
    first, *_ = [waiting(house) for _ in range(3)]
    fourth = waiting(house, NEAR)
    assert fourth.answer.status_code == 429
    assert waiting(house, FAR).answer.status_code == 200
    # The same browser again takes no second place; one that gives up leaves its own.
    assert first.submit("restart").choose("mobile").answer.status_code == 200
    first.submit("restart")
    assert waiting(house).answer.status_code == 200
    assert waiting(house).answer.status_code == 429
    house.wait(timedelta(seconds=181))
    assert waiting(house).answer.status_code == 200


def test_r3_a_code_that_a_phone_claimed_takes_no_place(made: Callable[..., Scene]) -> None:
    house = made(open_per_address=1)
    browser = waiting(house)
    house.phone().scan(browser.frame())
    assert waiting(house).answer.status_code == 200


def test_r3_whoever_goes_on_waits_twice_as_long_each_time(made: Callable[..., Scene]) -> None:
    house = made(starts_per_browser=1)
    browser = waiting(house)

    def opens() -> bool:
        return bool(browser.choose("mobile").answer.status_code == 200)

    waits = []
    for _ in range(3):
        browser.open()
        assert not opens()
        waited = 0
        while not opens():
            house.wait(timedelta(seconds=15))
            waited += 15
            browser.open()
        waits.append(waited)
    assert all(later >= 1.5 * former for former, later in pairwise(waits))
    assert 60 <= waits[0] <= 90


def test_r3_the_wait_has_an_end_and_a_spread() -> None:
    limits = Limits()
    waits = [wait_after(strike, limits, jitter=0) for strike in range(1, 40)]
    assert waits[:4] == [timedelta(minutes=one) for one in (1, 2, 4, 8)]
    assert max(waits) == limits.longest_wait
    assert wait_after(1, limits, jitter=1) == timedelta(seconds=75)


# --- R5: the slow path ----------------------------------------------------------------------------


def at_the_question(house: Scene, browser: Browser) -> Any:
    phone = house.phone()
    phone.scan(browser.frame())
    phone.number(browser.visit().number)
    return phone


def test_r5_in_a_browser_that_is_new_to_them_nobody_approves_before_they_can_have_read(
    made: Callable[..., Scene],
) -> None:
    house = made(reading_time=READING)
    browser = waiting(house)
    phone = at_the_question(house, browser)
    assert phone.look()["read_for"] == 10
    for _ in range(2):
        assert refusal(phone.approve) == "approval_early"
        house.wait(5 * SECOND - timedelta(milliseconds=1))
    assert "login.proven" not in house.audited()
    house.wait(2 * timedelta(milliseconds=1))
    phone.approve()
    assert "code" in browser.visit().agree().told


def test_r5_refusing_and_reporting_never_wait(made: Callable[..., Scene]) -> None:
    house = made(reading_time=READING)
    phone = at_the_question(house, waiting(house))
    assert phone.refuse()["state"] == "refused"
    phone = at_the_question(house, waiting(house, FAR))
    assert phone.refuse(report=True)["state"] == "reported"


def test_r5_a_browser_that_its_person_logged_in_with_is_not_slowed_for_ninety_days(
    made: Callable[..., Scene],
) -> None:
    house = made(reading_time=READING)
    browser = waiting(house)
    phone = at_the_question(house, browser)
    house.wait(READING)
    phone.approve()
    browser.visit().agree()
    for days in (0, 89):
        house.wait(days * DAY)
        browser.open(prompt="login").choose("mobile")
        again = at_the_question(house, browser)
        assert "read_for" not in again.look()
        again.approve()
        browser.visit()
    house.wait(90 * DAY)
    browser.open(prompt="login").choose("mobile")
    assert at_the_question(house, browser).look()["read_for"] == 10


def test_r5_a_code_that_stands_still_makes_no_browser_known(made: Callable[..., Scene]) -> None:
    house = made()
    phone, browser = house.phone(), waiting(house).submit("mobile", index="static")
    phone.type_code(re.findall(r'id="typed-code">([^<]+)<', browser.page)[0])
    phone.number(browser.visit().number)
    phone.approve()
    browser.visit()
    assert not known(house, browser)


def test_r5_networks_without_people_and_networks_with_a_report_are_slow_for_everybody(
    made: Callable[..., Scene],
) -> None:
    house = made(reading_time=READING, suspect_networks=("198.51.100.0/24",))
    browser = waiting(house)
    phone = at_the_question(house, browser)
    house.wait(READING)
    phone.approve()
    browser.visit()
    assert known(house, browser)
    seen(browser, address=FAR).open(prompt="login").choose("mobile")
    assert at_the_question(house, browser).look()["read_for"] == 10


# --- MOB-35: a code on the phone itself -----------------------------------------------------------


class OnThePhone(Scene):
    """A house whose phones' calls carry the cookie of a browser."""

    cookie = ""

    def _call(self, method: str, path: str, *, headers: Any, body: bytes) -> Any:
        sent = {**headers, "Cookie": self.cookie} if self.cookie else headers
        return super()._call(method, path, headers=sent, body=body)


@pytest.mark.parametrize("kind", ["animated", "static"])
def test_mob_35_a_code_shown_by_the_phones_own_browser_is_not_claimed(
    tmp_path: Path, kind: str
) -> None:
    house = OnThePhone(tmp_path)
    phone, browser = house.phone(), waiting(house, handheld=True)
    house.cookie = cookie_of(browser)
    if kind == "static":
        browser.submit("mobile", index="static")
        code = re.findall(r'id="typed-code">([^<]+)<', browser.page)[0]
        assert refusal(lambda: phone.type_code(code)) == "same_device"
    else:
        assert refusal(lambda: phone.scan(browser.frame())) == "same_device"
    assert browser.visit().state == "showing"  # nothing was claimed
    # In the same tab the passkey is there, and it needs no code.
    page = browser.submit("restart").choose("passkey").passkey_of(phone)
    assert "code" in page.answer.headers.get("Location", "") or "consent" in page.page
    house.close()


def test_mob_35_another_phone_and_a_laptop_that_plays_both_parts_may_claim(tmp_path: Path) -> None:
    house = OnThePhone(tmp_path)
    phone, browser = house.phone(), waiting(house, handheld=True)
    house.cookie = cookie_of(waiting(house, handheld=True))
    assert phone.scan(browser.frame())["state"] == "claimed"
    phone.refuse()
    laptop = waiting(house)
    house.cookie = cookie_of(laptop)
    assert phone.scan(laptop.frame())["state"] == "claimed"
    house.close()


def test_mob_35_on_a_phone_the_passkey_stands_first_and_the_code_aside(tmp_path: Path) -> None:
    house = Scene(tmp_path)
    page = seen(house.browser(), handheld=True).open().page
    assert (
        0
        < page.index('id="method-passkey"')
        < page.index("<details")
        < page.index('id="method-mobile"')
    )
    assert 'id="handheld"' in waiting(house, handheld=True).page
    assert house.browser().http.get("/phone/", base_url=ISSUER).status_code == 200
    house.close()
