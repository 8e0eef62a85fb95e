"""axe finds nothing on any page in any language, on a phone and on a desk; nothing overflows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.services.components import missing
from tests.world.tour import tour

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.world.citizen_at_browser import Citizen
    from tests.world.landing import Landing

AXE = Path(__file__).parents[2] / "npm" / "node_modules" / "axe-core" / "axe.min.js"
PHONE, DESK, NARROW = (390, 844), (1280, 900), (320, 640)
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def axe() -> str:
    """The program itself; it is evaluated from outside, where the pages' policy says nothing."""
    if not AXE.exists():
        missing("axe-core")
    return AXE.read_text(encoding="utf-8")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("language", ["nl", "fr", "de", "en"])
def test_axe_finds_nothing_and_nothing_overflows(
    newcomer: Callable[..., Citizen], landing: Landing, axe: str, language: str
) -> None:
    findings = []
    for seen in tour(newcomer(language), landing, language):
        assert seen.page.locator("html").get_attribute("lang") == language, seen.name
        for width, height in (NARROW, PHONE, DESK):
            seen.page.set_viewport_size({"width": width, "height": height})
            if seen.page.evaluate(WIDER) > 0:
                findings.append(f"{seen.name} at {width}: wider than the window")
            if width != NARROW[0]:
                findings += [f"{seen.name} at {width}: {one}" for one in found(seen.page, axe)]
    assert findings == []


def found(page: Page, axe: str, *rules: str) -> list[str]:
    """What axe says of a page, by these rules or by all."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe)
    options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
    result = page.evaluate("options => axe.run(document, options)", options)
    return [f"{rule['id']}: {rule['nodes'][0]['html']}" for rule in result["violations"]]


def found_in_the_dark(page: Page, axe: str) -> list[str]:
    """The same for somebody who prefers dark pages, where only the colours differ."""
    page.emulate_media(color_scheme="dark")
    complaints = found(page, axe, "color-contrast")
    page.emulate_media(color_scheme="light")
    return [f"dark: {one}" for one in complaints]
