"""Draws the app's pictures from its mark, by a browser: python -m tests.world.app_icons."""

from __future__ import annotations

from pathlib import Path

from tests.services.chromium import chromium, driver
from tests.services.components import needs

ICONS = Path(__file__).parents[2] / "mobile_flow" / "pwa" / "icons"
PAGE = (
    "<!doctype html><style>body{{margin:0;background:{ground}}}"
    "svg{{display:block;width:{inner}px;height:{inner}px;margin:{edge}px}}</style>{mark}"
)
GROUND = "#143a6b"
DRAWN = {"mark-192.png": (192, 0.0), "mark-512.png": (512, 0.0), "maskable-512.png": (512, 0.12)}
"""Each file's side in pixels, and the part of it that is edge on every side."""


def main() -> None:
    """Write them all."""
    mark = (ICONS / "mark.svg").read_text(encoding="utf-8")
    with driver() as playwright, chromium(playwright.chromium, needs("chromium")) as browser:
        for name, (side, edge) in DRAWN.items():
            page = browser.new_page(viewport={"width": side, "height": side})
            inner = round(side * (1 - 2 * edge))
            ground = GROUND if edge else "transparent"
            page.set_content(
                PAGE.format(mark=mark, ground=ground, inner=inner, edge=(side - inner) // 2)
            )
            page.screenshot(path=ICONS / name, omit_background=not edge)
            page.close()


if __name__ == "__main__":
    main()
