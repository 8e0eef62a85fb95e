"""A card at the scripted browser: what the page's script and the agent do, without either."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cardreader import client
from cardreader.agent.slots import Slots
from cardreader.beid.session import BeidSession
from cardreader.sim.reader import SimReader, SimReaders

if TYPE_CHECKING:
    from cardreader.sim.card import SoftCard
    from tests.world.scripted import Page


def choose_card(page: Page) -> Page:
    """Go on to the card page, where there is a choice of means."""
    return page.press("method-card") if page.has("method-card") else page


def sign_with_card(page: Page, card: SoftCard, *, pin: str) -> Page:
    """Let the card sign the challenge of the provider's card page, and send the answer.

    Raises:
        CardError: the card refuses, for a wrong PIN say; nothing was sent then.
    """
    token = token_for(card, nonce=page.attribute("card", "data-nonce"), page=page.url, pin=pin)
    return page.form("card-answer").submit(token=json.dumps(token))


def token_for(card: SoftCard, *, nonce: str, page: str, pin: str) -> dict[str, str]:
    """The Web eID token of a card for the page at this address; http counts as https, as there."""
    reader = SimReader("aside")
    reader.insert(card)
    with Slots(SimReaders(reader), open_session=BeidSession).card() as session:
        return client.authenticate(
            session,
            challenge_nonce=nonce,
            origin=f"https://{urlsplit(page).netloc}",
            ask_pin=lambda _asked: pin,
        )
