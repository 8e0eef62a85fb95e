"""The e-service's pages in a real browser: axe, four languages, two widths, the keyboard alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.world.running import Running, running
from tests.world.scripted_card import choose_card, sign_with_card

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

AXE = Path(__file__).parents[2] / "npm" / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = os.environ.get("SESAME_PICTURES")
SIZES = {"wide": {"width": 1280, "height": 900}, "phone": {"width": 360, "height": 740}}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("world"), service=True, seeded=None) as made:
        yield made


@pytest.fixture(scope="module")
def citizen(world: Running) -> str:
    """The e-service's cookie of a citizen who is signed in."""
    browser = world.browser()
    page = choose_card(browser.get(world.service).press("sign-in"))
    sign_with_card(page, world.world.card("adult"), pin=world.world.people.pin).press("agree")
    kept = browser.cookies.named("specimen_visit")
    assert kept is not None
    return kept.value


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(locale="en-GB")
    made.set_default_timeout(10_000)
    yield made
    made.close()


def axe(page: Page) -> list[str]:
    if not AXE.exists():
        pytest.skip("axe-core is not installed under tests/npm/node_modules")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")
    return [f"{rule['id']}: {rule['nodes'][0]['html']}" for rule in found["violations"]]


@pytest.mark.parametrize("language", ["nl", "fr", "de", "en"])
@pytest.mark.parametrize("size", sorted(SIZES))
def test_axe_finds_nothing_and_nothing_overflows(
    context: BrowserContext, world: Running, citizen: str, language: str, size: str
) -> None:
    page = context.new_page()
    page.set_viewport_size(SIZES[size])  # type: ignore[arg-type] # a plain dictionary will do
    complaints = []
    for name, path in (("start", "/"), ("trouble", "/callback"), ("bye", "/signed-out")):
        complaints += look(
            page, f"{world.service}{path}?lang={language}", f"{name}-{size}-{language}"
        )
    cookie = {"name": "specimen_visit", "value": citizen, "url": world.service}
    context.add_cookies([cookie])  # type: ignore[list-item] # idem
    complaints += look(page, f"{world.service}/file?lang={language}", f"file-{size}-{language}")
    assert page.locator("#who").is_visible()
    assert complaints == []


def look(page: Page, url: str, name: str) -> list[str]:
    page.goto(url)
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/e-service-{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    return axe(page)


def test_signing_in_begins_with_the_keyboard_alone(context: BrowserContext, world: Running) -> None:
    page = context.new_page()
    page.goto(world.service)
    reached: list[str] = []
    while "sign-in" not in reached and len(reached) < 20:
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url(f"{world.issuer}/login/**")


def test_the_style_sheet_is_let_in_and_nothing_else_is_tried(
    context: BrowserContext, world: Running
) -> None:
    page = context.new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.goto(world.service)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(253, 246, 234)"
    assert heard == []
