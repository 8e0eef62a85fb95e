"""Single sign-on, what strengthens it and what ends it, at the e-service and beside it.

Agreements are remembered for a person: here Jules is the one who lets them be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.world.citizen_at_browser import empty_reader

if TYPE_CHECKING:
    from tests.world.citizen_at_browser import Citizen
    from tests.world.landing import Landing
    from tests.world.running import Running

HIGH = "http://eidas.europa.eu/NotNotified/LoA/high"
SUBSTANTIAL = "http://eidas.europa.eu/NotNotified/LoA/substantial"


def test_a_sign_in_that_is_too_weak_is_stepped_up_with_the_card(
    citizen: Citizen, world: Running, landing: Landing
) -> None:
    asked = landing.request(world.issuer)
    citizen.sign_in_by_name(asked.url, "nora")
    assert asked.redeem(landing.answer(citizen.page)["code"])["acr"] == SUBSTANTIAL
    citizen.ask_to_sign_in().sign_in_with("adult").agree()
    assert citizen.page.locator("#acr").inner_text() == HIGH


def test_the_card_is_asked_again_where_the_service_wants_to_be_sure(
    citizen: Citizen, world: Running
) -> None:
    citizen.ask_to_sign_in().sign_in_with("adult-older-card").agree_for_good()
    before = citizen.page.locator("#signed-in-at").get_attribute("datetime")
    world.clock.move(minutes=2)
    empty_reader(world.agent)
    with citizen.page.expect_navigation():
        citizen.page.locator("#step-up").click()  # prompt=login and max_age=0
    citizen.sign_in_with("adult-older-card")
    citizen.page.locator("#who").wait_for()
    after = citizen.page.locator("#signed-in-at").get_attribute("datetime")
    assert after is not None
    assert before is not None
    assert after > before


def test_a_sign_in_that_is_too_old_is_asked_again(
    citizen: Citizen, world: Running, landing: Landing
) -> None:
    first = landing.request(world.issuer)
    citizen.sign_in_by_name(first.url, "jules", remember=True)
    old = first.redeem(landing.answer(citizen.page)["code"])["auth_time"]
    world.clock.move(minutes=5)
    young_enough = landing.request(world.issuer, max_age="600")
    citizen.page.goto(young_enough.url)
    answer = landing.answer(citizen.page)
    assert young_enough.redeem(answer["code"])["auth_time"] == old
    too_old = landing.request(world.issuer, max_age="60")
    citizen.sign_in_by_name(too_old.url, "jules")
    assert too_old.redeem(landing.answer(citizen.page)["code"])["auth_time"] > old


def test_who_is_signed_in_and_remembered_passes_without_a_page(
    citizen: Citizen, world: Running, landing: Landing
) -> None:
    citizen.sign_in_by_name(landing.request(world.issuer).url, "jules", remember=True)
    citizen.sent.clear()
    asked = landing.request(world.issuer)
    citizen.page.goto(asked.url)
    assert asked.redeem(landing.answer(citizen.page)["code"])["acr"] == SUBSTANTIAL
    seen = [request.url for request in citizen.sent_to(world.issuer)]
    assert len(seen) == 1
    assert seen[0].startswith(f"{world.issuer}/authorize?")


def test_who_is_signed_in_but_not_remembered_is_asked_to_agree_only(
    citizen: Citizen, world: Running, landing: Landing
) -> None:
    citizen.sign_in_by_name(landing.request(world.issuer).url, "nora")
    citizen.page.goto(landing.request(world.issuer).url)
    citizen.agree()
    assert "code" in landing.answer(citizen.page)


@pytest.mark.proves("logout.silence-after")
def test_after_signing_out_everyone_is_asked_again(
    citizen: Citizen, world: Running, landing: Landing
) -> None:
    citizen.sign_in_by_name(landing.request(world.issuer).url, "jules", remember=True)
    citizen.ask_to_sign_in().sign_in_with("adult-older-card").agree_for_good()
    page = citizen.page
    with page.expect_navigation():
        page.locator("#sign-out").click()
    assert "signed out here and at Sesame" in page.locator("main").inner_text()
    page.goto(landing.request(world.issuer, prompt="none").url)
    assert landing.answer(page)["error"] == "login_required"
    page.goto(landing.request(world.issuer).url)
    assert page.locator("#method-seeded").count() == 1
    citizen.ask_to_sign_in()
    assert page.locator("#card").count() == 1
