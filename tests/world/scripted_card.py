"""A card at the scripted browser: what the page's script and the agent do, without either."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cardreader import client
from cardreader.agent.slots import Slots
from cardreader.beid.carried import FileSet
from cardreader.beid.session import BeidSession
from cardreader.sim.reader import SimReader, SimReaders

if TYPE_CHECKING:
    from cardreader.sim.card import SoftCard
    from tests.world.scripted import Page


def choose_card(page: Page) -> Page:
    """Go on to the card page, where there is a choice of means."""
    return page.press("method-card") if page.has("method-card") else page


def sign_with_card(page: Page, card: SoftCard, *, pin: str, extension: bool = False) -> Page:
    """Let the card sign the challenge of the provider's card page, and send the answer.

    With it go the files that the page names, as our agent sends them; an ``extension`` sends none.

    Raises:
        CardError: the card refuses, for a wrong PIN say; nothing was sent then.
    """
    answer = answer_for(page, card, pin=pin, extension=extension)
    return page.form("card-answer").submit(token=json.dumps(answer))


def answer_for(page: Page, card: SoftCard, *, pin: str, extension: bool = False) -> dict[str, Any]:
    """What the script of this card page would send."""
    wanted = page.markup.elements["card"].get("data-files", "").split()
    token, files = _asked(
        card,
        nonce=page.attribute("card", "data-nonce"),
        page=page.url,
        pin=pin,
        sets=() if extension else tuple(map(FileSet, wanted)),
    )
    return token if files is None else {"format": "sesame-card:1", "token": token, "files": files}


def token_for(card: SoftCard, *, nonce: str, page: str, pin: str) -> dict[str, Any]:
    """The Web eID token of a card for the page at this address; http counts as https, as there."""
    token, _ = _asked(card, nonce=nonce, page=page, pin=pin, sets=())
    return token


def _asked(
    card: SoftCard, *, nonce: str, page: str, pin: str, sets: tuple[FileSet, ...]
) -> tuple[dict[str, Any], dict[str, str] | None]:
    reader = SimReader("aside")
    reader.insert(card)
    origin = f"https://{urlsplit(page).netloc}"
    with Slots(SimReaders(reader), open_session=BeidSession).card() as session:
        token = client.authenticate(
            session, challenge_nonce=nonce, origin=origin, ask_pin=lambda _asked: pin
        )
        return dict(token), client.carry(session, sets, origin=origin, challenge_nonce=nonce)
