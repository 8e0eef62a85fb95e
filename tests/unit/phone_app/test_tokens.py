"""The app and the login pages are one house: the same colours under the same names, both by day
and by night. Each is a file of its own, because the app must work without the site.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SITE = ROOT / "idp/web/static/sesame.css"
APP = ROOT / "mobile_flow/pwa/app.css"
SCHEMES = ("light", "dark")
OF_THE_APP_ALONE = {"--good", "--good-ground"}
"""What only the app shows: an end that is good."""


def tokens(style: str) -> tuple[dict[str, str], dict[str, str]]:
    """The custom properties of ``:root``: those of always, and those of the dark scheme."""
    light, dark = re.findall(r":root\s*\{(.*?)\}", style, re.DOTALL)[:2]
    assert style.index("prefers-color-scheme: dark") < style.index(dark)
    first, second = (dict(re.findall(r"(--[a-z-]+):\s*([^;]+);", block)) for block in (light, dark))
    return first, second


@pytest.mark.parametrize("scheme", [0, 1], ids=SCHEMES)
def test_the_app_has_the_tokens_of_the_site(scheme: int) -> None:
    site = tokens(SITE.read_text(encoding="utf-8"))[scheme]
    app = tokens(APP.read_text(encoding="utf-8"))[scheme]
    assert len(site) >= 14
    assert {name: value for name, value in app.items() if name not in OF_THE_APP_ALONE} == site


@pytest.mark.parametrize("path", [SITE, APP], ids=["site", "app"])
def test_every_token_that_is_used_is_there_and_none_is_kept_for_nothing(path: Path) -> None:
    style = path.read_text(encoding="utf-8")
    used = set(re.findall(r"var\((--[a-z-]+)\)", style))
    light, dark = tokens(style)
    assert used == set(light)
    assert set(dark) <= set(light)


def test_letters_and_focus_are_the_same_too() -> None:
    site, app = (path.read_text(encoding="utf-8") for path in (SITE, APP))
    font = re.findall(r"font: [^;]*?(system-ui[^;]*);", site)
    assert font[:1] == re.findall(r"font: [^;]*?(system-ui[^;]*);", app)[:1] != []
    focus = re.findall(r"^:focus-visible \{[^}]*\}", site, re.MULTILINE)
    assert focus == re.findall(r"^:focus-visible \{[^}]*\}", app, re.MULTILINE) != []
