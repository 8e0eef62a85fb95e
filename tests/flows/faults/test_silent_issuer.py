"""F-O04: while an issuer of cards is a black hole, everybody who needs no card gets in."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.flows.faults.conftest import fresh
from tests.world.client import walk
from tests.world.scripted_card import choose_card, sign_with_card

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.world.scripted import Page
    from tests.world.shops import Shops

CARDS = 12


@pytest.fixture
def black_hole(embedded: Shops) -> Iterator[threading.Event]:
    """The issuers' responder and lists take every question and answer none, until it is set."""
    responder = embedded.world.responder
    responder.asked.clear()
    responder.held = threading.Event()
    yield responder.held
    responder.held.set()
    responder.held = None


def test_others_get_in_while_a_dozen_cards_wait_for_a_silent_issuer(
    embedded: Shops, black_hole: threading.Event
) -> None:
    world, shop = embedded.world, embedded["shop"]
    pages = [choose_card(shop.open(fresh(embedded))[0]) for _ in range(CARDS)]
    other, asked = shop.open(fresh(embedded))

    def answer(page: Page) -> Page:
        return sign_with_card(page, world.world.card("adult"), pin=world.world.people.pin)

    with ThreadPoolExecutor(CARDS) as pool:
        waiting = [pool.submit(answer, page) for page in pages]
        while not world.responder.asked:
            assert any(not one.done() for one in waiting)
        got_in = shop.answered(walk(other), asked)
        assert got_in.tokens().info()["given_name"] == "Nora"
        assert not black_hole.is_set()
        for one in waiting:
            page = one.result(timeout=60)
            assert "cannot check your card now" in page.says("trouble")
    # It speaks again: after the rest that it was given, cards work at once.
    black_hole.set()
    world.clock.move(minutes=1)
    page, asked = shop.open(fresh(embedded))
    page = answer(choose_card(page))
    assert shop.answered(walk(page), asked).tokens()
