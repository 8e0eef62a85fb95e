"""A login that does not go straight: keys rotate, time passes, tabs, reloads, the back button."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.world.citizen_at_browser import Citizen
    from tests.world.landing import Landing
    from tests.world.running import Running

WORDS = {"nl": "Hoe wilt u zich aanmelden?", "de": "Wie möchten Sie sich anmelden?"}


def test_keys_that_rotate_in_the_middle_of_a_login_disturb_nobody(
    citizen: Citizen, world: Running, landing: Landing
) -> None:
    citizen.ask_to_sign_in().sign_in_with("adult")
    before = published(citizen, world)
    world.sesame("keys", "rotate")
    (fresh,) = [key["kid"] for key in listed(world) if key["state"] == "announced"]
    world.sesame("keys", "promote", fresh, "--early")
    until(lambda: fresh in published(citizen, world))
    assert before < published(citizen, world)
    citizen.agree()
    assert citizen.page.locator("#who").inner_text() == "Welcome, Nora Élise"
    asked = landing.request(world.issuer)
    citizen.page.goto(asked.url)
    citizen.agree()
    asked.redeem(landing.answer(citizen.page)["code"])
    assert asked.header["kid"] == fresh


def test_a_login_that_expired_offers_to_start_again_and_that_works(
    citizen: Citizen, world: Running
) -> None:
    citizen.ask_to_sign_in().choose_card()
    page = citizen.page
    address = page.url
    world.clock.move(minutes=31)
    page.reload()
    assert page.locator("#problem").get_attribute("data-code") == "login_expired"
    with page.expect_navigation():
        page.locator("#way-out").click()
    assert page.url != address
    citizen.sign_in_with("adult").agree()
    assert page.locator("#who").inner_text() == "Welcome, Nora Élise"


def test_a_step_taken_after_the_login_expired_offers_the_same(
    citizen: Citizen, world: Running
) -> None:
    citizen.ask_to_sign_in().sign_in_with("adult")
    world.clock.move(minutes=31)
    citizen.agree()
    page = citizen.page
    assert page.locator("#problem").get_attribute("data-code") == "login_expired"
    with page.expect_navigation():
        page.locator("#way-out").click()
    assert page.locator("#card, #agree").count() == 1


def test_one_login_in_two_tabs_ends_once(citizen: Citizen, world: Running) -> None:
    citizen.ask_to_sign_in().choose_card()
    other = citizen.context.new_page()
    other.goto(citizen.page.url)
    citizen.sign_in_with("adult").agree()
    with other.expect_navigation():
        other.locator("#cancel").click()
    assert other.locator("#problem").get_attribute("data-code") == "login_spent"
    with other.expect_navigation():
        other.locator("#way-out").click()
    assert other.url == f"{world.service}/file"


def test_two_logins_in_two_tabs_both_end_well(citizen: Citizen, world: Running) -> None:
    citizen.ask_to_sign_in().choose_card()
    first, second = citizen.page, citizen.context.new_page()
    citizen.page = second
    citizen.ask_to_sign_in().sign_in_with("adult").agree()
    assert second.url == f"{world.service}/file"
    citizen.page = first
    citizen.show_card("adult")
    citizen.agree()
    assert first.url == f"{world.service}/file"
    assert first.locator("#who").inner_text() == "Welcome, Nora Élise"


def test_the_way_back_after_the_end_leads_to_the_service(citizen: Citizen, world: Running) -> None:
    citizen.ask_to_sign_in().sign_in_with("adult").agree()
    page = citizen.page
    page.go_back()
    assert page.url.startswith(f"{world.issuer}/login/")
    assert page.locator("#problem").get_attribute("data-code") == "login_spent"
    with page.expect_navigation():
        page.locator("#way-out").click()
    assert page.url == f"{world.service}/file"


@pytest.mark.parametrize("act", ["reload", "language"])
def test_a_reload_or_another_language_on_any_page_keeps_the_login(
    citizen: Citizen, world: Running, landing: Landing, act: str
) -> None:
    page = citizen.page
    disturb = reload if act == "reload" else speak_another_language
    asked = landing.request(world.issuer)
    page.goto(asked.url)
    address = page.url
    disturb(page)
    page.locator("#method-card").click()
    page.locator("#card-start").wait_for()
    disturb(page)
    page.locator("#other-means").click()
    page.locator("#method-seeded").click()
    page.locator("#username").wait_for()
    disturb(page)
    page.locator("#username").fill("nobody")
    page.locator("#sign-in").click()
    page.locator("#trouble").wait_for()
    disturb(page)
    page.locator("#username").fill("nora")
    page.locator("#sign-in").click()
    page.locator("#agree").wait_for()
    disturb(page)
    assert page.url == address
    citizen.agree()
    assert "code" in landing.answer(page)
    page.reload()
    assert asked.redeem(landing.answer(page)["code"])["acr"]


def reload(page: Page) -> None:
    before = page.locator("h1").inner_text()
    page.reload()
    assert page.locator("h1").inner_text() == before


def speak_another_language(page: Page) -> None:
    spoken = page.locator("html").get_attribute("lang")
    wanted = {"en": "nl", "nl": "fr", "fr": "de", "de": "en"}[spoken or ""]
    with page.expect_navigation():
        page.locator(f".languages a[lang={wanted}]").click()
    assert page.locator("html").get_attribute("lang") == wanted


def published(citizen: Citizen, world: Running) -> set[str]:
    keys = citizen.context.request.get(f"{world.issuer}/jwks").json()["keys"]
    return {key["kid"] for key in keys}


def listed(world: Running) -> list[dict[str, Any]]:
    shown = json.loads(world.sesame("keys", "list", "--json"))
    return list(shown["keys"] if isinstance(shown, dict) else shown)


def until(true: Callable[[], bool]) -> None:
    """Wait for it; the test's own time limit ends what never comes."""
    while not true():
        pass
