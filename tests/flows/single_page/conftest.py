"""One provider and one application that lives in the browser, for the stories of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.flows.single_page.site import Site, registration, served
from tests.services.components import needs
from tests.world.citizen_at_browser import Citizen
from tests.world.running import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    needs("chromium")
    with served() as made:
        yield made


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Iterator[Running]:
    client = registration(site.address, refreshing=False)
    settings: dict[str, dict[str, object]] = {"card": {"enabled": False}}
    folder = tmp_path_factory.mktemp("provider")
    with running(folder, clients=[client], settings=settings) as made:
        site.issuer = made.issuer
        yield made


@pytest.fixture
def citizen(browser: Browser, world: Running) -> Iterator[Citizen]:
    context = browser.new_context(locale="en-BE")
    made = Citizen(context=context, world=world)
    yield made
    context.close()
    assert made.complaints == []
