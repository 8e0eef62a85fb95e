"""A citizen signs in at the e-service with an eID card, from the first click to the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.world.citizen_at_browser import PinTab, everything_of
from tests.world.relying_party.registration import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.world.citizen_at_browser import Citizen
    from tests.world.running import Running

RARE_PIN = "918273645546"  # as long as a PIN may be: it is in no other text by accident
WELCOMES = {"nl": "Welkom, Nora Élise", "fr": "Bienvenue, Nora Élise"}


@pytest.mark.parametrize("language", ["nl", "fr"])
def test_a_citizen_signs_in_with_a_card_and_the_provider_never_sees_the_pin(
    newcomer: Callable[..., Citizen], world: Running, language: str
) -> None:
    world.world.set_pin("adult", RARE_PIN)
    citizen = newcomer(language)
    page = citizen.page
    citizen.ask_to_sign_in(language)
    assert page.locator("html").get_attribute("lang") == language
    assert page.locator("#client-name").inner_text() == NAMES[language]
    citizen.choose_card()
    tab = citizen.read_card()
    assert tab.page.locator("html").get_attribute("lang") == language
    assert tab.origin.inner_text() == world.issuer.replace("http://", "https://")
    assert_large(tab)
    tab.insert("adult").type_pin(RARE_PIN)
    page.locator("#agree").wait_for()
    assert page.locator("#person-name").inner_text() == "Nora Élise Van Voorbeeld"
    citizen.agree()
    assert page.url == f"{world.service}/file"
    assert page.locator("#who").inner_text() == WELCOMES[language]
    assert page.locator("#acr").inner_text().endswith("/LoA/high")
    adult = world.world.people.named("adult")
    assert page.locator("#claim-egovNRN").inner_text() == adult.national_number
    carried = [request for request in citizen.sent if RARE_PIN in everything_of(request)]
    assert [request for request in carried if not request.url.startswith(world.agent)] == []
    assert len(carried) == 1, "the watch itself sees the PIN where it goes"
    assert RARE_PIN not in world.log()


def assert_large(tab: PinTab) -> None:
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    body = tab.page.locator("body").evaluate(size)
    assert tab.origin.evaluate(size) >= 1.5 * body
