"""A country where phones are offered, a citizen's browser, and a phone that they enrolled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.services.chromium import chromium
from tests.services.components import needs
from tests.world.citizen_at_browser import Citizen, empty_reader
from tests.world.landing import Landing, landing_client, served
from tests.world.phone_at_browser import Phone, camera_arguments
from tests.world.running import Running, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

LIMITS = {
    "starts_per_address": 1000,
    "starts_per_browser": 1000,
    "open_per_address": 1000,
    "approvals_per_person": 1000,
    "reading_time": 0,
}


@pytest.fixture(scope="module")
def landing() -> Iterator[Landing]:
    """A client of the simplest kind."""
    with served() as made:
        yield made


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, landing: Landing) -> Iterator[Running]:
    """The provider with phones, the e-service, the card agent."""
    settings = {"phone": {"enabled": True, **LIMITS}, "keys": {"reread": 1}}
    folder = tmp_path_factory.mktemp("phones")
    clients = [landing_client(landing.address)]
    with running(folder, service=True, agent=True, clients=clients, settings=settings) as made:
        yield made


@pytest.fixture(scope="module")
def account(browser: Browser, world: Running) -> Iterator[Citizen]:
    """Nora at her own page, signed in by card a moment ago."""
    made = Citizen(context=browser.new_context(locale="en-BE"), world=world)
    sign_in_at_the_page(made)
    yield made
    made.context.close()
    assert made.complaints == []


@pytest.fixture(scope="module")
def phone(
    browser: Browser, world: Running, account: Citizen, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Phone]:
    """Her phone, enrolled: a browser of its own, whose camera films a file."""
    camera = tmp_path_factory.mktemp("camera") / "film.y4m"
    with chromium(browser.browser_type, needs("chromium"), *camera_arguments(camera)) as phones_own:
        context = phones_own.new_context(locale="en-BE", viewport=SCREEN)
        made = Phone(context=context, world=world, camera=camera)
        enrol(account, made)
        yield made
    assert made.complaints == []


@pytest.fixture
def newcomer(browser: Browser, world: Running) -> Iterator[Callable[..., Citizen]]:
    """Make a browser of somebody's own; at the end no policy may have complained."""
    made: list[Citizen] = []

    def citizen(language: str = "en", **options: Any) -> Citizen:
        context = browser.new_context(locale=f"{language}-BE", **options)
        made.append(Citizen(context=context, world=world))
        return made[-1]

    yield citizen
    for each in made:
        each.context.close()
    assert [words for each in made for words in each.complaints] == []


SCREEN: Any = {"width": 390, "height": 844}


def sign_in_at_the_page(citizen: Citizen) -> None:
    """Come to the citizen's page by card."""
    page = citizen.page
    empty_reader(citizen.world.agent)
    page.goto(f"{citizen.world.issuer}/account")
    page.locator("#account-sign-in").click()
    citizen.choose_card()
    tab = citizen.read_card()
    tab.insert("adult").type_pin(citizen.world.world.people.pin)
    page.locator("#person-name").wait_for()
    tab.page.close()


def enrol(account: Citizen, phone: Phone, *, name: str = "Telephone") -> None:
    """Add a phone at the citizen's page, word for word."""
    page = account.page
    page.goto(f"{account.world.issuer}/account")
    page.locator("#add-phone").click()
    word = phone.open_enrolment(page.locator("#enrol-code").inner_text(), name=name)
    assert page.locator("#matching").inner_text() == word
    page.locator("#enrol-confirm").click()
    phone.finish_enrolment()
    page.locator("#enrolment[data-state=done]").wait_for()
