"""The actors of the demo country together: a story by the scripted browser, and every knob."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.world.running import Running, running
from tests.world.scripted_card import choose_card, sign_with_card

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.world.scripted import Browser, Page


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("world"), service=True, agent=True) as made:
        yield made


@pytest.fixture
def browser(world: Running) -> Browser:
    return world.browser(language="en")


def at_the_card(browser: Browser, world: Running) -> Page:
    return choose_card(browser.get(world.service).press("sign-in"))


def with_card(page: Page, world: Running, card: str = "adult") -> Page:
    page = sign_with_card(page, world.world.card(card), pin=world.world.people.pin)
    return page.press("agree") if page.has("agree") else page


def test_a_citizen_signs_in_with_a_card_refreshes_confirms_and_signs_out(
    world: Running, browser: Browser
) -> None:
    page = with_card(at_the_card(browser, world), world)
    assert page.url == f"{world.service}/file"
    assert page.says("who") == "Welcome, Nora Élise"
    assert page.says("acr").endswith("/high")
    assert page.says("claim-egovNRN") == world.world.people.named("adult").national_number
    page = page.press("refresh")
    assert page.has("refreshed-at")
    world.clock.move(minutes=2)
    page = with_card(choose_card(page.press("step-up")), world)
    assert page.says("who") == "Welcome, Nora Élise"
    page = page.press("sign-out")
    if page.has("confirm-logout"):
        page = page.press("confirm-logout")
    assert "signed out here and at Sesame" in page.text


def test_a_citizen_who_signs_out_at_sesame_is_signed_out_at_the_e_service(
    world: Running, browser: Browser
) -> None:
    assert with_card(at_the_card(browser, world), world).says("who")
    page = browser.get(f"{world.issuer}/logout").press("confirm-logout")
    assert page.has("signed-out")
    assert "Municipality of Specimen" in page.says("told")
    # It is told while our page waits; a machine that is busy does it a little later.
    asked = (browser.get(f"{world.service}/file").has("who") for _ in range(5000))
    assert not all(asked)
    assert browser.get(world.service).says("told").startswith("Sesame told us")


def test_a_citizen_who_cancels_comes_back_with_kind_words(world: Running, browser: Browser) -> None:
    page = browser.get(world.service).press("sign-in").press("cancel")
    assert page.says("trouble") == "You stopped signing in"


@pytest.mark.parametrize("card", ["expired", "revoked", "suspended"])
def test_a_card_in_trouble_does_not_get_in(world: Running, browser: Browser, card: str) -> None:
    page = with_card(at_the_card(browser, world), world, card)
    assert page.url.startswith(world.issuer)
    assert page.has("trouble")


def test_a_card_that_is_revoked_now_is_refused_now(world: Running, browser: Browser) -> None:
    assert with_card(at_the_card(browser, world), world, "foreigner").says("who")
    world.revoke("foreigner")
    world.clock.move(hours=1)  # a good answer of the responder is remembered for minutes
    page = with_card(at_the_card(world.browser(), world), world, "foreigner")
    assert page.has("trouble")


def test_a_responder_that_is_down_lets_nobody_in(world: Running, browser: Browser) -> None:
    world.clock.move(hours=1)
    world.responder.down = True
    try:
        page = with_card(at_the_card(browser, world), world, "adult-older-card")
        assert page.has("trouble")
    finally:
        world.responder.down = False


def test_a_provider_that_was_killed_comes_back_with_its_sessions(
    world: Running, browser: Browser
) -> None:
    with_card(at_the_card(browser, world), world)
    world.kill()
    world.start()
    assert browser.get(f"{world.service}/file").press("refresh").has("refreshed-at")


def test_the_same_story_runs_on_postgresql_and_redis(
    tmp_path: Path, postgres_url: str, redis_url: str
) -> None:
    with running(tmp_path, ledger=postgres_url, ephemeral=redis_url, service=True) as world:
        page = with_card(at_the_card(world.browser(language="nl"), world), world)
        assert page.says("who") == "Welkom, Nora Élise"
        assert not list(tmp_path.glob("*.sqlite"))
