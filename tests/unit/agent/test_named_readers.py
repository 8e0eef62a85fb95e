"""Several readers: one is named, comes late, leaves, or is another program's for the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cardreader.agent import card_cli, facts, language
from cardreader.agent.advice import advice
from cardreader.agent.assembly import Assembled
from cardreader.agent.named import NamedReaders, ReaderNotConnected
from cardreader.agent.slots import Slots
from cardreader.agent.watching import wait_for_card
from cardreader.beid.session import BeidSession
from cardreader.errors import CardAbsent, CardMute, ReaderBusy, ReaderUnavailable, UnknownCard
from cardreader.sim.faults import Fault, Trouble
from cardreader.sim.reader import SimReader, SimReaders
from tests.world import holders

if TYPE_CHECKING:
    from collections.abc import Callable

DESK, HOME = "Acme Desk Reader 00 00", "Acme Home Reader 01 00"


def reader(name: str, *, card: bool = True) -> SimReader:
    made = SimReader(name)
    if card:
        made.insert(holders.soft_card())
    return made


def slots(source: SimReaders, name: str | None = None) -> Slots:
    found = source if name is None else NamedReaders(source, name)
    return Slots(found, open_session=BeidSession)


@pytest.mark.parametrize(
    ("name", "names"),
    [("home", [HOME]), (HOME, [HOME]), ("ACME", [DESK, HOME]), ("Desk Reader 00", [DESK])],
)
def test_a_part_of_a_name_is_enough(name: str, names: list[str]) -> None:
    source = SimReaders(reader(DESK), reader(HOME))
    assert [found for found, _ in slots(source, name).presence()] == names


def test_a_whole_name_means_that_one_reader_alone() -> None:
    source = SimReaders(reader("Acme"), reader("Acme 2"))
    assert [found for found, _ in slots(source, "Acme").presence()] == ["Acme"]


def test_only_the_named_reader_is_read() -> None:
    source = SimReaders(reader(DESK), reader(HOME, card=False))
    with pytest.raises(CardAbsent), slots(source, "home").card():
        pass
    with slots(source, "desk").card() as session:
        assert session.tries_left() == 3


def test_a_named_reader_that_is_not_there_is_told_with_those_that_are() -> None:
    named = slots(SimReaders(reader(DESK)), "home")
    assert named.presence() == ()
    with pytest.raises(ReaderNotConnected) as refused, named.card():
        pass
    for code in language.NAMES:
        said = advice(refused.value, language.language(code))
        assert "home" in said
        assert DESK in said
    alone = slots(SimReaders(), "home").why_none()
    assert "home" in advice(alone, language.language("en"))
    assert "--reader" not in advice(alone, language.language("en"))


def test_a_named_reader_may_come_late_and_leave() -> None:
    source, late, now = SimReaders(reader(DESK)), reader(HOME), [0.0]
    named = slots(source, "home")

    def pause(seconds: float) -> None:
        now[0] += seconds
        if now[0] == 2:
            source.plug(late)

    came = wait_for_card(
        named, seconds=30, clock=lambda: now[0], pause=pause, progress=lambda *_: None
    )
    assert (came, now[0]) == (True, 2)
    source.unplug(late)
    with pytest.raises(ReaderUnavailable), named.card():
        pass


# --- several cards --------------------------------------------------------------------------------


def held(taken: SimReader) -> None:
    """Another program takes the card, and keeps it."""
    taken.connect()


def silent(taken: SimReader) -> None:
    taken.script(Fault(trouble=Trouble.MUTE, times=None))


@pytest.mark.parametrize(("trouble", "wanted"), [(held, ReaderBusy), (silent, CardMute)])
def test_a_card_in_trouble_is_passed_over_where_another_will_do(
    trouble: Callable[[SimReader], None], wanted: type[Exception]
) -> None:
    first, second = reader(DESK), reader(HOME)
    trouble(first)
    both = slots(SimReaders(first, second))
    with both.card() as session:
        assert session.tries_left() == 3
    second.remove()
    with pytest.raises(wanted), both.card():
        pass


def test_what_can_be_mended_is_told_before_what_cannot() -> None:
    stranger, busy = reader(DESK), reader(HOME)
    answer = b"\x6a\x82"
    stranger.script(Fault(trouble=Trouble.GARBAGE, times=None, answer=answer))
    both = slots(SimReaders(stranger, busy))
    held_card = busy.connect()
    with pytest.raises(ReaderBusy), both.card():
        pass
    with held_card:
        pass
    with both.card() as session:
        assert session.tries_left() == 3
    busy.remove()
    with pytest.raises(UnknownCard), both.card():
        pass


def test_each_readers_trouble_is_shown_in_its_own_place() -> None:
    first, second = reader(DESK), reader(HOME)
    held(first)
    shown = slots(SimReaders(first, second)).each(facts.read_facts)
    assert [type(one.trouble) for one in shown] == [ReaderBusy, type(None)]
    assert shown[1].value is not None


@pytest.mark.parametrize("cards", [1, 2])
def test_who_has_cards_in_two_readers_hears_how_to_choose(
    cards: int, capsys: pytest.CaptureFixture[str]
) -> None:
    source = SimReaders(reader(DESK), reader(HOME, card=cards == 2))
    found = Assembled(slots=slots(source), rack=None)
    desk = card_cli.Desk(found, language.language("en"), as_json=True, wait=0)
    assert desk.read(lambda session: session.tries_left()) == 3
    told = capsys.readouterr()
    assert ("--reader" in told.err and HOME in told.err) is (cards == 2)
    assert told.out == ""
