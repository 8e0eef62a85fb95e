"""Pictures of every page in four languages and two widths, behind ``make screenshots``.

They are written to a folder with an ``index.html`` that shows them side by side.
"""

from __future__ import annotations

import argparse
import html
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.services.chromium import chromium, driver
from tests.services.components import found, loopback_port
from tests.unit.web.phone_pages import SHOWN, showing
from tests.world.citizen_at_browser import Citizen
from tests.world.landing import landing_client, served
from tests.world.running import Running, running
from tests.world.tour import tour

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.world.landing import Landing

ROOT = Path(__file__).parents[2]
LANGUAGES = ("nl", "fr", "de", "en")
WIDTHS = {390: 844, 1280: 900}


def main() -> None:
    """Take them all."""
    parser = argparse.ArgumentParser(prog="tests.world.screenshots", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "screenshots")
    parser.add_argument("--language", action="append", choices=LANGUAGES, help="default: all four")
    parser.add_argument("--dark", action="store_true", help="as somebody who prefers dark pages")
    options = parser.parse_args()
    program = found("chromium")
    if program is None:
        parser.exit(1, "Chromium is not installed: apt-get install chromium\n")
    languages = options.language or list(LANGUAGES)
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    with (
        TemporaryDirectory(prefix="sesame-screenshots-") as place,
        served() as landing,
        running(
            Path(place), service=True, agent=True, clients=[landing_client(landing.address)]
        ) as world,
        driver() as playwright,
        chromium(playwright.chromium, program) as browser,
    ):
        scheme = "dark" if options.dark else "light"
        names: list[str] = []
        for language in languages:
            names = take(browser, world, landing, language, options.folder, scheme=scheme)
            names += of_the_phone(browser, language, options.folder, scheme=scheme)
            print(f"{language}: {len(names)} pages", flush=True)
    index(options.folder, names, languages)
    print(f"Open {options.folder / 'index.html'}")


def take(
    browser: Browser,
    world: Running,
    landing: Landing,
    language: str,
    folder: Path,
    *,
    scheme: str,
) -> list[str]:
    """Walk the tour once and write the pictures; gives the pages' names."""
    context = browser.new_context(locale=f"{language}-BE", color_scheme=scheme)  # type: ignore[arg-type] # light or dark
    citizen = Citizen(context=context, world=world)
    names = []
    for seen in tour(citizen, landing, language):
        names.append(seen.name)
        for width, height in WIDTHS.items():
            seen.page.set_viewport_size({"width": width, "height": height})
            path = folder / f"{seen.name}-{language}-{width}.png"
            seen.page.screenshot(path=path, full_page=True)
    context.close()
    return names


def of_the_phone(browser: Browser, language: str, folder: Path, *, scheme: str) -> list[str]:
    """Write the pictures of the phone's pages, each in its state; gives their names."""
    context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type] # light or dark
    page = context.new_page()
    with showing(loopback_port()) as (origin, _):
        for name in SHOWN:
            page.goto(f"{origin}/show/{name}?lang={language}", wait_until="networkidle")
            for width, height in WIDTHS.items():
                page.set_viewport_size({"width": width, "height": height})
                page.screenshot(path=folder / f"{name}-{language}-{width}.png", full_page=True)
    context.close()
    return list(SHOWN)


def index(folder: Path, names: list[str], languages: list[str]) -> None:
    """Write the page that shows all of them."""
    rows = []
    for name in names:
        rows.append(f"<h2>{html.escape(name)}</h2><p>")
        rows += [
            f'<a href="{name}-{language}-{width}.png"><img loading="lazy" '
            f'src="{name}-{language}-{width}.png" alt="{name}, {language}, {width} wide" '
            f'width="{width // 3}"></a>'
            for width in WIDTHS
            for language in languages
        ]
        rows.append("</p>")
    page = "\n".join(
        [
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Every page</title>',
            "<style>body{font:16px sans-serif;margin:2rem}img{border:1px solid #999;margin:4px;",
            "vertical-align:top}</style><h1>Every page</h1>",
            *rows,
            "</html>",
        ]
    )
    (folder / "index.html").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
