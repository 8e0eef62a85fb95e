"""The library and the wine house: what is read of a card, told before it is, and who gets in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from playwright.sync_api import expect

from tests.world.citizen_at_browser import empty_reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.world.citizen_at_browser import Citizen
    from tests.world.running import Running

FEE = "Om te zien of u het jongeren- of seniorentarief betaalt."
POST = "Om u uw lidkaart op te sturen."


def test_a_new_member_is_told_what_is_read_and_why_before_it_is(
    newcomer: Callable[..., Citizen], world: Running
) -> None:
    citizen = newcomer("nl")
    page = citizen.page
    citizen.ask_to_sign_in("nl", at=world.deployment.library).choose_card()
    expect(page.locator("#card-reads")).to_contain_text(f"Geboortedatum: {FEE}")
    expect(page.locator("#card-reads")).to_contain_text(f"Adres: {POST}")
    tab = citizen.read_card()
    tab.insert("adult")
    reads = tab.page.locator(".reads")
    expect(reads.locator("li")).to_have_count(2)
    expect(reads).to_contain_text("uw adres")
    expect(reads).not_to_contain_text("uw foto")
    assert reads.locator("q").all_inner_texts() == [FEE, POST]
    tab.type_pin(world.world.people.pin)
    page.locator("#agree").wait_for()
    expect(page.locator("#consent")).to_contain_text("Sint-Jansstraat 7 b 3, 3000 Leuven")
    assert sent_files(citizen, world) == {"identity", "address"}
    citizen.agree()
    assert page.url == f"{world.deployment.library}/file"
    assert page.locator("#claim-birthdate").inner_text() == "1985-07-30"
    assert page.locator("#claim-address").inner_text() == "Sint-Jansstraat 7 b 3 3000 Leuven"


def sent_files(citizen: Citizen, world: Running) -> set[str]:
    """The sets of files in the answer that the page posted."""
    (posted,) = (
        request
        for request in citizen.sent_to(world.issuer)
        if request.method == "POST" and request.url.endswith("/card/answer")
    )
    (answer,) = parse_qs(posted.post_data or "")["token"]
    return {"identity", "address", "photo"} & json.loads(answer)["files"].keys()


def test_a_child_is_turned_away_at_the_wine_house_and_an_adult_is_not(
    citizen: Citizen, world: Running
) -> None:
    page = citizen.page
    citizen.ask_to_sign_in("en", at=world.deployment.wine_house).choose_card()
    citizen.show_card("kid")
    expect(page.locator("#trouble")).to_contain_text("This service is not for your age")
    assert turned_back(page).startswith(world.deployment.wine_house)
    empty_reader(world.agent)
    citizen.ask_to_sign_in("en", at=world.deployment.wine_house).choose_card()
    citizen.show_card("adult")
    citizen.agree()
    assert page.url == f"{world.deployment.wine_house}/file"
    expect(page.locator("#about dt")).to_have_count(0)


def turned_back(page: Page) -> str:
    with page.expect_navigation():
        page.locator("#cancel").click()
    return page.url
