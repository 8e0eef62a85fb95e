"""The app in a phone's browser, over a provider of straw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.phone_app.straw_provider import Straw
from tests.world.phone_at_browser import with_authenticator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page


@pytest.fixture
def straw() -> Straw:
    return Straw()


@pytest.fixture
def page(browser: Browser, straw: Straw) -> Iterator[Page]:
    """A phone that holds no passkey; at the end no policy may have complained."""
    context = browser.new_context(
        locale="en-BE",
        viewport={"width": 390, "height": 844},
        reduced_motion="reduce",
        service_workers="block",
    )
    context.set_default_timeout(20_000)
    complaints: list[str] = []
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on(
        "console",
        lambda said: complaints.append(said.text) if "policy" in said.text.lower() else None,
    )
    straw.serve(context)
    tab = context.new_page()
    with_authenticator(tab)
    yield tab
    context.close()
    assert complaints == []
