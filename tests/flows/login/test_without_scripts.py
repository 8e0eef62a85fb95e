"""Where scripts are off all but the card works, and the card page says what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.world.citizen_at_browser import Citizen
    from tests.world.landing import Landing
    from tests.world.running import Running


@pytest.fixture
def scriptless(newcomer: Callable[..., Citizen]) -> Citizen:
    return newcomer(java_script_enabled=False)


def test_the_card_page_explains_and_lets_go(scriptless: Citizen) -> None:
    scriptless.ask_to_sign_in()
    page = scriptless.page
    assert "JavaScript" in page.locator("#without-script").inner_text()
    assert page.locator("#without-script").is_visible()
    assert not page.locator("#card").is_visible()
    with page.expect_navigation():
        page.locator("#cancel").click()
    assert page.locator("#trouble").inner_text() == "You stopped signing in"


def test_an_answer_by_post_has_a_button(
    scriptless: Citizen, world: Running, landing: Landing
) -> None:
    page = scriptless.page
    asked = landing.request(world.issuer, response_mode="form_post")
    page.goto(asked.url)
    page.locator("#method-seeded").click()
    page.locator("#username").fill("nora")
    page.locator("#sign-in").click()
    page.locator("#agree").click()
    page.locator("#continue").wait_for()
    assert page.url.startswith(world.issuer)
    page.locator("#continue").click()
    answer = landing.answer(page)
    assert page.locator("#method").inner_text() == "POST"
    assert asked.redeem(answer["code"])["acr"]


def test_with_scripts_an_answer_by_post_goes_by_itself(
    citizen: Citizen, world: Running, landing: Landing
) -> None:
    asked = landing.request(world.issuer, response_mode="form_post")
    citizen.sign_in_by_name(asked.url, "nora")
    answer = landing.answer(citizen.page)
    assert citizen.page.locator("#method").inner_text() == "POST"
    assert asked.redeem(answer["code"])["acr"]
