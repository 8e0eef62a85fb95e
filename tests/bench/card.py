"""Card logins: the citizen's side is the software card, in the driver; the provider checks it all.

There is no peer: nobody else verifies a Belgian card inside an identity provider. The holder of
one card logs in again and again, once with the status answer reused as it may be for five minutes,
once with the issuer asked at every login (``live_check``).
"""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Final

from cardreader.sim.card import SoftCard
from idp.runtime import system_entropy
from tests.bench.work import CALLBACK, CLIENT, Worker, WrongAnswer, form
from tests.world.scripted import Browser
from tests.world.scripted_card import sign_with_card, token_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.bench.systems import System
    from tests.bench.work import Face

PIN: Final = "1234"
_NONCE: Final = re.compile(r'data-nonce="([^"]+)"')


class CardWorker(Worker):
    """A worker that signs in with a card instead of a name."""

    def __init__(self, face: Face, *, card: Path) -> None:
        super().__init__(face)
        self._card = SoftCard.load(card, entropy=system_entropy)

    def answer(self, page: str) -> tuple[str, dict[str, str]]:
        """Sign the challenge of the card page."""
        nonce = _NONCE.search(page)
        if nonce is None:
            raise WrongAnswer("no challenge", page[:500])
        path, hidden = form(page, "card-answer")
        token = token_for(self._card, nonce=nonce[1], page=f"{self._face.issuer}/", pin=PIN)
        return path, {**hidden, "token": json.dumps(token)}


def with_cards(system: System) -> Iterator[tuple[str, Callable[[Face], Worker]]]:
    """Give each kind of card login: its name, and how a driver makes its worker."""
    world = system.world
    assert world is not None
    for live in (False, True):
        if live:
            world.sesame("clients", "edit", CLIENT, "--live-check", "--yes")
        how = "its issuer asked at every login" if live else "the issuer's answer reused"
        for card, words in (("adult", "EC P-384"), ("adult-older-card", "RSA-2048")):
            path = world.world.cards / f"{card}.json"
            if not live:
                _agree(system, path)
            yield f"{words} card, {how}", partial(CardWorker, card=path)


def _agree(system: System, path: Path) -> None:
    card = SoftCard.load(path, entropy=system_entropy)
    with Browser(stops=(CALLBACK,)) as browser:
        asked = system.face.authorization(verifier="v" * 43, state="agree")
        page = browser.get(f"{system.face.issuer}{asked}")
        page = sign_with_card(page, card, pin=PIN)
        page = page.form("consent").submit(remember="1")
        if "code" not in page.parameters:
            raise WrongAnswer(page.status, page.text[:500])
