"""Limits R1 to R4, freezes and counters: what wears them out, what does not, whom they stop."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.login.transactions import fingerprint
from mobile_flow.model import PersonRef
from tests.attacks.phone.scene import ISSUER, SECOND, Browser, Scene, refusal
from tests.flows.phone.house import AN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mobile_flow.sim.phone import VirtualPhone

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path, starts_per_browser=100)
    yield made
    made.close()


def frozen(house: Scene, kind: str) -> bool:
    with house.services.ledger.read() as unit:
        until = unit.phones.frozen_until(PersonRef(AN), kind=kind)
    return until is not None and house.at < until


def mistyped(house: Scene, phone: VirtualPhone) -> None:
    assert house.mistype(phone, house.claimed(phone)) == "number_wrong"


def seeds_in(house: Scene) -> bool:
    """Whether the person gets in by a means that is no phone (the card's stand-in here)."""
    browser = house.seeded(house.browser().open())
    agreed = browser if "Location" in browser.answer.headers else browser.agree()
    return "code" in agreed.told


def test_r1_a_browser_shows_one_live_code(house: Scene) -> None:
    phone, browser = house.phone(), house.at_the_phone_page()
    first, login = browser.frame(), browser.login
    browser.open(state="second").choose("mobile")
    assert browser.login != login
    assert refusal(lambda: phone.scan(first)) == "start_gone"
    assert phone.scan(browser.frame())["state"] == "claimed"


def test_r2_a_phone_answers_one_question_and_is_told_which(house: Scene) -> None:
    phone = house.phone()
    house.claimed(phone)
    answering = phone.approval["id"]
    other = house.at_the_phone_page()
    assert refusal(lambda: phone.scan(other.frame())) == "device_busy"
    phone.refuse()
    assert phone.scan(other.frame())["id"] != answering


def test_r3_a_browser_and_an_address_open_so_many_and_the_other_means_stay(tmp_path: Path) -> None:
    house = Scene(tmp_path, starts_per_address=6, starts_per_browser=3)
    browser = house.at_the_phone_page()
    for _ in range(2):
        browser.submit("restart").choose("mobile")
    assert browser.submit("restart").choose("mobile").answer.status_code == 429
    # Cookies thrown away help until the address is known.
    for _ in range(3):
        assert house.at_the_phone_page().answer.status_code == 200
    stopped = house.browser().open()
    assert stopped.choose("mobile").answer.status_code == 429
    # As long as it really lasts: a minute, and up to a quarter more, so that not all come together.
    assert 60 <= int(stopped.answer.headers["Retry-After"]) <= 75
    house.wait(50 * SECOND)
    assert 10 <= int(stopped.open().choose("mobile").answer.headers["Retry-After"]) <= 25
    assert seeds_in(house)
    house.wait(26 * SECOND)
    assert house.at_the_phone_page().answer.status_code == 200
    house.close()


def test_r3_renewing_a_standing_code_is_counted_too(tmp_path: Path) -> None:
    house = Scene(tmp_path, starts_per_browser=3)
    browser = house.at_the_phone_page().submit("mobile", index="static")
    codes = set()
    house.wait(31 * SECOND)
    for _ in range(5):  # in one minute, with its code thrown away each time
        house.desk.approvals.cancel(browser.login, browser=binding(browser))
        codes |= set(re.findall(r'id="typed-code">([^<]+)<', browser.visit().page))
    assert len(codes) <= 3
    house.close()


def binding(browser: Browser) -> str:
    visitor_cookie = next(
        one.value for one in browser.http._cookies.values() if one.key.endswith("browser")
    )
    return fingerprint(visitor_cookie)


def test_r4_a_person_approves_five_times_in_ten_minutes_on_all_phones_together(
    house: Scene,
) -> None:
    phones = house.phone(), house.phone()
    for turn in range(5):
        house.approved(phones[turn % 2]).visit()
    browser = house.at_the_phone_page()
    assert refusal(lambda: phones[1].scan(browser.frame())) == "too_many_approvals"
    assert seeds_in(house)
    house.wait(timedelta(minutes=10))
    house.wait(SECOND)
    assert refusal(lambda: phones[1].scan(house.at_the_phone_page().frame())) == ""


def test_wrong_numbers_of_all_phones_count_together_and_the_card_is_not_stopped(
    house: Scene,
) -> None:
    phones = house.phone(), house.phone()
    for turn in range(3):
        assert not frozen(house, "mobile")
        mistyped(house, phones[turn % 2])
    assert frozen(house, "mobile")
    browser = house.at_the_phone_page()
    assert refusal(lambda: phones[1].scan(browser.frame())) == "phone_frozen"
    assert seeds_in(house)
    # Nor is the passkey, that no number belongs to.
    passkey = house.browser().open().choose("passkey").passkey_of(phones[0])
    assert "code" in passkey.answer.headers.get("Location", "") or "consent" in passkey.page
    house.wait(QUARTER)
    assert phones[1].scan(house.at_the_phone_page().frame())["state"] == "claimed"


@pytest.mark.parametrize("forgetting", [False, True])
def test_i6_a_restart_or_a_lost_memory_forgives_no_wrong_number(
    house: Scene,
    forgetting: bool,  # noqa: FBT001
) -> None:
    phone = house.phone()
    for _ in range(2):
        mistyped(house, phone)
        house.restart(forgetting=forgetting)
    mistyped(house, phone)
    assert frozen(house, "mobile")
    house.restart(forgetting=forgetting)
    browser = house.at_the_phone_page()
    assert refusal(lambda: phone.scan(browser.frame())) == "phone_frozen"


def test_i6_a_wrong_number_that_is_reported_afterwards_still_counts(house: Scene) -> None:
    phone = house.phone()
    for _ in range(3):
        mistyped(house, phone)
        phone.refuse(report=True)
        house.wait(2 * MINUTE)  # where it was reported from, codes are slow to come
    assert frozen(house, "mobile")


def test_i6_a_restart_forgives_no_approvals_and_no_report(house: Scene) -> None:
    phone = house.phone()
    for _ in range(5):
        house.approved(phone).visit()
    phone.refuse(report=True)
    house.restart(forgetting=True)
    assert frozen(house, "push")
    house.approved(phone).visit()  # the reported one was undone
    house.wait(2 * MINUTE)
    browser = house.at_the_phone_page()
    assert refusal(lambda: phone.scan(browser.frame())) == "too_many_approvals"


def test_a_stranger_freezes_nobody(house: Scene) -> None:
    """Without a phone of theirs, whatever is asked, opened and left counts against nobody."""
    phone = house.phone()
    for _ in range(20):
        browser = house.at_the_phone_page()
        browser.http.get("/phone/api/approvals", base_url=ISSUER)
        browser.submit("restart")
    for kind in ("mobile", "push", "otp"):
        assert not frozen(house, kind)
    assert house.approved(phone).visit().agree().told["code"]
    assert seeds_in(house)


def test_guessing_a_one_time_code_stops_neither_phone_nor_other_means(house: Scene) -> None:
    phone = house.phone()
    begun = house.desk.passwords.begin(PersonRef(AN), card_fingerprint="ab" * 32)
    for _ in range(12):
        browser = house.browser().open().choose("totp")
        browser.submit("totp", login_name=begun.login_name, code="000000")
    assert browser.answer.status_code in {200, 429}
    assert house.approved(phone).visit().agree().told["code"]
    assert seeds_in(house)


def test_a_client_that_switched_the_standing_code_off_shows_none_in_any_way(house: Scene) -> None:
    browser = house.at_the_phone_page().submit("mobile", index="static")
    house.register(allow_static_code=False)
    house.wait(31 * SECOND)
    # Begun before it was switched off: it is not renewed.
    assert 'id="typed-code"' not in browser.visit().page
