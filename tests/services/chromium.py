"""Debian's Chromium, started the same way wherever a real browser is wanted."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserType, Playwright

FEATURES_OFF = (
    # Playwright's own list: a second ``--disable-features`` replaces the first.
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
    # The address bar's list, which nobody sees: two more pages for each page, half of its work.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
)
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(FEATURES_OFF)}",
)


@contextlib.contextmanager
def chromium(kind: BrowserType, program: Path, *more: str) -> Iterator[Browser]:
    """Run one for the length of the block, with further command-line arguments."""
    browser = kind.launch(executable_path=program, args=[*ARGUMENTS, *more])
    try:
        yield browser
    finally:
        browser.close()


@contextlib.contextmanager
def driver() -> Iterator[Playwright]:
    """What drives browsers; one at a time in a thread."""
    with sync_playwright() as playwright:
        yield playwright
