"""Wrong PINs, cards that may not be used, a responder that is down: what the citizen is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.world.citizen_at_browser import empty_reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.world.citizen_at_browser import Citizen
    from tests.world.landing import Landing
    from tests.world.running import Running

FOCUSED = "document.activeElement.id"
STOPPED = "You stopped signing in"


def test_a_wrong_pin_then_the_right_one(citizen: Citizen, world: Running) -> None:
    citizen.ask_to_sign_in().choose_card()
    tab = citizen.read_card().insert("foreigner")
    assert "3 attempts left" in tab.page.locator(".facts").inner_text()
    tab.type_pin("0000")
    assert "2 attempts left" in tab.page.get_by_role("alert").inner_text()
    assert "2 attempts left" in tab.page.locator(".facts").inner_text()
    tab.type_pin(world.world.people.pin)
    citizen.agree()
    assert citizen.page.locator("#who").inner_text() == "Welcome, Amara"


def test_the_last_try_is_announced_and_a_blocked_card_told_what_to_do(
    citizen: Citizen, world: Running
) -> None:
    world.world.set_pin("last-try", world.world.people.pin)
    citizen.ask_to_sign_in().choose_card()
    tab = citizen.read_card().insert("last-try")
    tab.type_pin("0000").type_pin("0000")
    assert "last attempt" in tab.page.locator("#last-try").inner_text()
    tab.type_pin("0000")
    assert "municipality" in tab.page.locator("main").inner_text()
    page = citizen.page
    page.locator("#card-failure").wait_for()
    assert "blocked" in page.locator("#card-failure").inner_text()
    assert "municipality" in page.locator("#card-failure").inner_text()
    assert page.evaluate(FOCUSED) == "card-failure"
    empty_reader(world.agent)
    citizen.show_card("foreigner").agree()
    assert page.locator("#who").inner_text() == "Welcome, Amara"


def test_a_card_that_came_blocked_is_never_asked_for_its_pin(
    citizen: Citizen, world: Running
) -> None:
    citizen.ask_to_sign_in().choose_card()
    tab = citizen.read_card().insert("blocked-pin")
    assert tab.page.locator("#pin").count() == 0
    citizen.page.locator("#card-failure").wait_for()
    assert "blocked" in citizen.page.locator("#card-failure").inner_text()
    empty_reader(world.agent)
    citizen.show_card("adult").agree()
    assert citizen.page.locator("#who").inner_text() == "Welcome, Nora Élise"


@pytest.mark.parametrize(
    ("card", "language", "words"),
    [
        ("expired", "de", "Ihre Karte ist abgelaufen"),
        ("revoked", "nl", "Uw kaart is ingetrokken of geschorst"),
        ("suspended", "fr", "Votre carte est révoquée ou suspendue"),
    ],
)
def test_a_card_that_may_not_be_used_is_refused_and_another_one_works(
    newcomer: Callable[..., Citizen], world: Running, card: str, language: str, words: str
) -> None:
    citizen = newcomer(language)
    citizen.ask_to_sign_in(language).sign_in_with(card)
    trouble = citizen.page.locator("#trouble")
    assert words in trouble.inner_text()
    assert citizen.page.evaluate(FOCUSED) == "trouble"
    empty_reader(world.agent)
    citizen.show_card("adult").agree()
    assert "Nora Élise" in citizen.page.locator("#who").inner_text()


def test_while_the_responder_is_down_nobody_gets_in_and_nobody_is_blamed(
    citizen: Citizen, world: Running
) -> None:
    world.clock.move(hours=1)  # a good answer is remembered for minutes
    world.responder.down = True
    citizen.ask_to_sign_in().sign_in_with("adult")
    trouble = citizen.page.locator("#trouble").inner_text()
    assert "cannot check your card now" in trouble
    assert "Nothing is wrong with your card" in trouble
    assert "Try again" in trouble
    world.responder.down = False
    empty_reader(world.agent)
    citizen.show_card("adult").agree()
    assert citizen.page.locator("#who").inner_text() == "Welcome, Nora Élise"


# --- saying no ------------------------------------------------------------------------------------


def test_a_citizen_cancels_on_the_card_page(citizen: Citizen) -> None:
    citizen.ask_to_sign_in().choose_card()
    cancel(citizen.page)
    assert citizen.page.locator("#trouble").inner_text() == STOPPED
    assert "Nothing was shared" in citizen.page.locator("main").inner_text()


def test_a_citizen_cancels_at_the_pin_and_then_altogether(citizen: Citizen) -> None:
    citizen.ask_to_sign_in().choose_card()
    citizen.read_card().cancel()
    page = citizen.page
    page.locator("#card-failure").wait_for()
    assert "You cancelled" in page.locator("#card-failure").inner_text()
    assert page.evaluate(FOCUSED) == "card-failure"
    cancel(page)
    assert page.locator("#trouble").inner_text() == STOPPED


def test_a_citizen_cancels_at_the_consent(citizen: Citizen) -> None:
    citizen.ask_to_sign_in().sign_in_with("adult")
    cancel(citizen.page)
    assert citizen.page.locator("#trouble").inner_text() == STOPPED


@pytest.mark.parametrize("at", ["choose", "seeded"])
def test_a_citizen_cancels_before_anything_was_proven(
    citizen: Citizen, world: Running, landing: Landing, at: str
) -> None:
    page = citizen.page
    asked = landing.request(world.issuer)
    page.goto(asked.url)
    if at == "seeded":
        with page.expect_navigation():
            page.locator("#method-seeded").click()
    cancel(page)
    answer = landing.answer(page)
    assert answer["error"] == "access_denied"
    assert answer["state"] == asked.parameters["state"]
    assert answer["iss"] == world.issuer


def cancel(page: Page) -> None:
    with page.expect_navigation():
        page.locator("#cancel").click()
