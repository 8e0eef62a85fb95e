"""Every page that a citizen can meet, one after the other in one language.

    for seen in tour(citizen, landing, "fr"):
        look_at(seen.name, seen.page)

The pictures and the accessibility tests walk the same tour. It moves the clock, by 31 minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from playwright.sync_api import Page

from tests.world.citizen_at_browser import empty_reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.world.citizen_at_browser import Citizen
    from tests.world.landing import Landing

WRONG_PIN = "0000"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A page, shown now.

    Attributes:
        name: what it is, fit for a file's name.
    """

    name: str
    page: Page


def tour(citizen: Citizen, landing: Landing, language: str) -> Iterator[Seen]:
    """Walk it; each page stays as it is until the next one is asked for."""
    empty_reader(citizen.world.agent)
    yield from _by_name(citizen, landing, language)
    yield from _by_card(citizen, language)
    yield from _signed_in(citizen, language)
    yield from _in_trouble(citizen, landing, language)


def _by_name(citizen: Citizen, landing: Landing, language: str) -> Iterator[Seen]:
    page = citizen.page
    page.goto(landing.request(citizen.world.issuer, ui_locales=language).url)
    yield Seen(name="choose", page=page)
    with page.expect_navigation():
        page.locator("#method-seeded").click()
    yield Seen(name="seeded", page=page)
    page.locator("#username").fill("nobody")
    with page.expect_navigation():
        page.locator("#sign-in").click()
    yield Seen(name="seeded-refused", page=page)
    page.locator("#username").fill("nora")
    with page.expect_navigation():
        page.locator("#sign-in").click()
    yield Seen(name="consent-small", page=page)
    with page.expect_navigation():
        page.locator("#cancel").click()


def _by_card(citizen: Citizen, language: str) -> Iterator[Seen]:
    page, world = citizen.page, citizen.world
    page.goto(f"{world.service}/?lang={language}")
    yield Seen(name="service-start", page=page)
    citizen.ask_to_sign_in(language).choose_card()
    yield Seen(name="card", page=page)
    tab = citizen.read_card()
    yield Seen(name="card-waiting", page=page)
    yield Seen(name="agent-insert", page=tab.page)
    tab.insert("revoked")
    yield Seen(name="agent-pin", page=tab.page)
    tab.type_pin(WRONG_PIN)
    yield Seen(name="agent-pin-wrong", page=tab.page)
    tab.type_pin(world.world.people.pin)
    yield Seen(name="agent-done", page=tab.page)
    tab.page.close()
    page.locator("#trouble").wait_for()
    yield Seen(name="card-refused", page=page)
    empty_reader(world.agent)
    tab = citizen.read_card()
    tab.cancel()
    yield Seen(name="agent-cancelled", page=tab.page)
    tab.page.close()
    page.locator("#card-failure").wait_for()
    yield Seen(name="card-failed", page=page)
    tab = citizen.read_card()
    tab.insert("blocked-pin")
    yield Seen(name="agent-blocked", page=tab.page)
    tab.page.close()
    page.locator("#card-failure").wait_for()
    yield Seen(name="card-blocked", page=page)
    empty_reader(world.agent)
    citizen.show_card("adult")
    yield Seen(name="consent", page=page)
    citizen.agree()
    yield Seen(name="service-file", page=page)


def _signed_in(citizen: Citizen, language: str) -> Iterator[Seen]:
    page, world = citizen.page, citizen.world
    page.goto(f"{world.agent}/?lang={language}")
    yield Seen(name="agent-wallet", page=page)
    page.goto(f"{world.service}/file?lang={language}")
    with page.expect_navigation():
        page.locator("#sign-out").click()
    yield Seen(name="service-signed-out", page=page)
    citizen.ask_to_sign_in(language)
    with page.expect_navigation():
        page.locator("#cancel").click()
    yield Seen(name="service-cancelled", page=page)
    citizen.ask_to_sign_in(language).choose_card().show_card("adult").agree()
    page.goto(f"{world.issuer}/?lang={language}")
    yield Seen(name="home", page=page)
    page.goto(f"{world.issuer}/logout")
    yield Seen(name="logout", page=page)
    with page.expect_navigation():
        page.locator("#confirm-logout").click()
    yield Seen(name="signed-out", page=page)
    page.goto(f"{world.service}/?lang={language}")
    _until_told(page)
    yield Seen(name="service-told", page=page)


def _until_told(page: Page) -> None:
    """Reload until the e-service has heard of the logout, behind the browser's back."""
    for _ in range(100):
        if page.locator("#told").count():
            return
        page.reload()
    page.locator("#told").wait_for()


def _in_trouble(citizen: Citizen, landing: Landing, language: str) -> Iterator[Seen]:
    page, world = citizen.page, citizen.world
    page.goto(f"{world.issuer}/?lang={language}")
    asked = landing.request(world.issuer, ui_locales=language)
    for name, parameters in (
        ("error-unknown-client", {**asked.parameters, "client_id": "nobody"}),
        ("error-redirect-uri", {**asked.parameters, "redirect_uri": f"{landing.address}/else"}),
    ):
        page.goto(f"{world.issuer}/authorize?{urlencode(parameters)}")
        yield Seen(name=name, page=page)
    page.goto(f"{world.issuer}/nowhere")
    yield Seen(name="error-not-found", page=page)
    page.goto(f"{world.issuer}/login/{'x' * 32}")
    yield Seen(name="error-login-unknown", page=page)
    page.goto(asked.url)
    world.clock.move(minutes=31)
    page.reload()
    yield Seen(name="error-login-expired", page=page)
