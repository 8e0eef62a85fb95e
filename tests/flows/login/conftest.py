"""One running provider with its country for all stories of this folder, a new citizen for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.world.citizen_at_browser import Citizen, empty_reader
from tests.world.landing import Landing, landing_client, served
from tests.world.running import Running, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser


@pytest.fixture(scope="package")
def landing() -> Iterator[Landing]:
    """A client of the simplest kind: it shows what came back."""
    with served() as made:
        yield made


@pytest.fixture(scope="package")
def country(tmp_path_factory: pytest.TempPathFactory, landing: Landing) -> Iterator[Running]:
    """The provider, e-service, agent and responder; ask for `world` instead."""
    folder = tmp_path_factory.mktemp("country")
    clients = [landing_client(landing.address)]
    settings = {"keys": {"reread": 1}}
    with running(
        folder, service=True, beside=True, agent=True, clients=clients, settings=settings
    ) as made:
        yield made


@pytest.fixture
def world(country: Running) -> Iterator[Running]:
    """The country with an empty reader, its responder up, each PIN as it was."""
    empty_reader(country.agent)
    for card in ("adult", "foreigner"):
        country.world.set_pin(card, country.world.people.pin)
    yield country
    country.responder.down = False


@pytest.fixture
def newcomer(browser: Browser, world: Running) -> Iterator[Callable[..., Citizen]]:
    """Make a citizen with a browser of their own; at the end no policy may have complained."""
    made: list[Citizen] = []

    def citizen(language: str = "en", **options: Any) -> Citizen:
        context = browser.new_context(locale=f"{language}-BE", **options)
        made.append(Citizen(context=context, world=world))
        return made[-1]

    yield citizen
    for each in made:
        each.context.close()
    assert [words for each in made for words in each.complaints] == []


@pytest.fixture
def citizen(newcomer: Callable[..., Citizen]) -> Citizen:
    """Somebody who reads English."""
    return newcomer()
