"""Every page in a real browser: axe, the keyboard alone, a narrow screen, large letters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from idp.app import create
from idp.errors import CARD_EXPIRED, LOGIN_EXPIRED, SIGN_IN_WRONG
from idp.login.flow import LoginRefused, Page
from idp.oidc.logout import LogoutRequest
from tests.services.components import missing
from tests.unit.web import doubles
from tests.unit.web.doubles import LOGIN, turn
from tests.unit.web.serving import serving
from tests.unit.web.test_logos import BODY, DIGEST, PICTURED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

AXE = Path(__file__).parents[2] / "npm" / "node_modules" / "axe-core" / "axe.min.js"
HERE = f"/login/{LOGIN}"
SHOWN: dict[str, tuple[str, Any]] = {
    "choose": (HERE, turn(Page.CHOOSE)),
    "choose, with links": (HERE, replace(turn(Page.CHOOSE), client=PICTURED)),
    "card": (HERE, turn(Page.CARD)),
    "card refused": (HERE, turn(Page.CARD, trouble=CARD_EXPIRED)),
    "seeded": (HERE, turn(Page.SEEDED, trouble=SIGN_IN_WRONG)),
    "consent": (HERE, turn(Page.CONSENT)),
    "expired": (HERE, LoginRefused(LOGIN_EXPIRED, tx=doubles.TX)),
    "home": ("/", turn(Page.CHOOSE)),
    "signed out": ("/logout", turn(Page.CHOOSE)),
    "not found": ("/nothing", turn(Page.CHOOSE)),
}


@pytest.fixture
def services(free_port: int) -> Any:
    made = doubles.services(
        issuer=f"http://localhost:{free_port}", card={"agent_url": "http://127.0.0.1:9"}
    )
    made.logout.result = LogoutRequest()
    made.ledger.logos = {DIGEST: BODY}
    return made


@pytest.fixture
def origin(services: Any, free_port: int) -> Iterator[str]:
    with serving(create(services), free_port) as served:
        yield served


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(
    browser: Browser, services: Any, origin: str, scheme: Any
) -> None:
    if not AXE.exists():
        missing("axe-core")
    context = browser.new_context(color_scheme=scheme)
    tab = context.new_page()
    for name, (path, state) in SHOWN.items():
        services.flow.next = state
        tab.goto(f"{origin}{path}")
        tab.evaluate(AXE.read_text(encoding="utf-8"))
        found = tab.evaluate("axe.run().then((result) => result.violations)")
        assert [(item["id"], item["nodes"][0]["html"]) for item in found] == [], name
    context.close()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_page_is_wider_than_its_screen_in_any_language(
    browser: Browser, services: Any, origin: str, width: int
) -> None:
    for language in ("nl", "fr", "de", "en"):
        context = browser.new_context(viewport={"width": width, "height": 800}, locale=language)
        tab = context.new_page()
        tab.goto(f"{origin}/?lang={language}")
        for name, (path, state) in SHOWN.items():
            services.flow.next = state
            tab.goto(f"{origin}{path}")
            wide = tab.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (name, language)
        context.close()


def focused(tab: Tab) -> str:
    return str(tab.evaluate("document.activeElement.id || document.activeElement.className"))


def tab_to(tab: Tab, wanted: str) -> list[str]:
    """Press Tab until `wanted` has the focus; give the stops on the way, each with its outline."""
    stops = []
    for _ in range(30):
        tab.keyboard.press("Tab")
        stops.append(focused(tab))
        outline = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline not in {"none", ""}, stops
        if stops[-1] == wanted:
            return stops
    raise AssertionError(stops)


@pytest.mark.parametrize(
    ("state", "target", "order"),
    [
        (turn(Page.CHOOSE), "method-card", ["method-card", "method-seeded", "cancel"]),
        (turn(Page.CARD), "card-start", ["card-start", "other-means", "cancel"]),
        (turn(Page.SEEDED), "username", ["username", "sign-in", "other-means", "cancel"]),
        (
            turn(Page.CONSENT),
            "not-you",
            ["not-you", "claim-2", "remember", "agree", "cancel"],
        ),
    ],
)
def test_a_page_is_walked_by_the_keyboard_alone_in_reading_order(
    browser: Browser, services: Any, origin: str, state: Any, target: str, order: list[str]
) -> None:
    services.flow.next = state
    context = browser.new_context(locale="en")
    tab = context.new_page()
    tab.goto(f"{origin}{HERE}")
    assert tab_to(tab, target)[0] == "skip"
    for wanted in order[1:]:
        assert tab_to(tab, wanted)[-1:] == [wanted]
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    assert services.flow.calls[-2][0] == "cancel"
    context.close()


def test_the_skip_link_leads_past_the_languages(
    browser: Browser, services: Any, origin: str
) -> None:
    services.flow.next = turn(Page.CHOOSE)
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(f"{origin}{HERE}")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    assert focused(tab) == "method-card"
    context.close()


def test_a_double_click_sends_a_form_once(browser: Browser, services: Any, origin: str) -> None:
    services.flow.next = turn(Page.CHOOSE)
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(f"{origin}{HERE}")
    with tab.expect_navigation():
        tab.dblclick("#method-card")
    assert [name for name, _ in services.flow.calls].count("choose") == 1
    context.close()
