"""Three ways to a card that must be alike: the software reader, a replay, and a real pcscd."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from cardreader.pcsc import PcscReaders
from cardreader.sim.reader import SimReader
from cardreader.sim.transcript import Recorder, Replay, Transcript
from tests.services.components import needs_module
from tests.world import holders

if TYPE_CHECKING:
    from pathlib import Path

    from cardreader.reader import Connection
    from cardreader.sim.card import SoftCard
    from cardreader.sim.image import AppletName
    from tests.services.card_desk import CardDesk

Behaviour = Callable[["Connection"], None]
Perform = Callable[["SoftCard", Behaviour], None]


def simulated(card: SoftCard, behaviour: Behaviour) -> None:
    reader = SimReader("sim")
    reader.insert(card)
    with reader.connect() as connection:
        behaviour(connection)


def replayed(card: SoftCard, behaviour: Behaviour, path: Path) -> None:
    reader = SimReader("sim")
    reader.insert(card)
    with Recorder(reader.connect()) as recorder:
        behaviour(recorder)
    recorder.transcript.write(path)
    with Replay(Transcript.read(path)) as replay:
        behaviour(replay)


def through_pcscd(card: SoftCard, behaviour: Behaviour, desk: CardDesk) -> None:
    desk.insert(card)
    (reader,) = [reader for reader in PcscReaders().readers() if reader.card_present()]
    with reader.connect() as connection:
        behaviour(connection)
    desk.remove()


@pytest.fixture(params=["simulated", "replayed", "pcscd"])
def perform(request: pytest.FixtureRequest, tmp_path: Path) -> Perform:
    """Runs a behaviour on a connection to a card."""
    if request.param == "simulated":
        return simulated
    if request.param == "replayed":
        return lambda card, behaviour: replayed(card, behaviour, tmp_path / "transcript.json")
    needs_module("smartcard.scard")
    desk: Any = request.getfixturevalue("card_desk")
    return lambda card, behaviour: through_pcscd(card, behaviour, desk)


@pytest.fixture(params=["1.7", "1.8"])
def applet(request: pytest.FixtureRequest) -> AppletName:
    """Both generations of cards."""
    name: AppletName = request.param
    return name


@pytest.fixture
def card(applet: AppletName) -> SoftCard:
    """A fresh card of that generation."""
    return holders.soft_card(applet)
