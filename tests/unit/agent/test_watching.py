"""Readers and cards that come late, come and go, and a person who is told (F-C06)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from cardreader.agent.slots import Slots
from cardreader.agent.watching import Event, happenings, wait_for_card
from cardreader.apdu import CHANGE_REFERENCE_DATA, VERIFY
from cardreader.beid.session import BeidSession
from cardreader.errors import CardAbsent, CardMute, CardReset, PinWrong
from cardreader.reader import Deadline
from cardreader.sim.faults import Fault, Trouble
from cardreader.sim.reader import SimReader, SimReaders
from tests.world import holders

if TYPE_CHECKING:
    from collections.abc import Callable


class World:
    """Readers that change while time passes: what happens stands in a list by second."""

    def __init__(self) -> None:
        self.readers = SimReaders()
        self.slots = Slots(self.readers, open_session=BeidSession)
        self.now = 0.0
        self.plan: dict[float, Callable[[], None]] = {}
        self.said: list[tuple[bool, int]] = []

    def at(self, second: float, act: Callable[[], None]) -> None:
        self.plan[second] = act

    def pause(self, seconds: float) -> None:
        self.now += seconds
        for second in [second for second in self.plan if second <= self.now]:
            self.plan.pop(second)()

    def wait(self, seconds: float = 30) -> bool:
        return wait_for_card(
            self.slots,
            seconds=seconds,
            clock=lambda: self.now,
            pause=self.pause,
            progress=lambda reader, left: self.said.append((reader, left)),
        )


def reader(name: str = "one", *, card: bool = False) -> SimReader:
    made = SimReader(name)
    if card:
        made.insert(holders.soft_card())
    return made


def test_a_card_that_is_there_is_not_waited_for() -> None:
    world = World()
    world.readers.plug(reader(card=True))
    assert world.wait()
    assert (world.now, world.said) == (0.0, [])


def test_a_reader_and_then_a_card_come_late_and_progress_is_told_each_second() -> None:
    world, late = World(), reader()
    world.at(2, lambda: world.readers.plug(late))
    world.at(4, lambda: late.insert(holders.soft_card()))
    assert world.wait()
    assert world.now == 4
    assert world.said[0] == (False, 30)
    assert world.said[-1] == (True, 27)
    assert {present for present, _ in world.said} == {False, True}
    with world.slots.card() as session:
        assert session.tries_left() == 3


def test_nobody_is_waited_for_longer_than_told() -> None:
    world = World()
    assert not world.wait(30)
    assert world.now == 30
    assert not World().wait(0)


def test_of_several_readers_the_one_with_a_card_will_do() -> None:
    world, second = World(), reader("two")
    world.readers.plug(reader("one"))
    world.readers.plug(second)
    world.at(1, lambda: second.insert(holders.soft_card()))
    assert world.wait()


def test_what_comes_and_goes_is_told_in_order() -> None:
    world, one, two = World(), reader("one", card=True), reader("two")
    world.readers.plug(one)
    world.at(0.5, lambda: world.readers.plug(two))
    world.at(1.0, lambda: two.insert(holders.soft_card()))
    world.at(1.5, one.remove)
    world.at(2.0, lambda: world.readers.unplug(two))
    told = happenings(world.slots, seconds=2.5, clock=lambda: world.now, pause=world.pause)
    assert list(told) == [
        Event(happening="reader_came", reader="one"),
        Event(happening="card_inserted", reader="one"),
        Event(happening="reader_came", reader="two"),
        Event(happening="card_inserted", reader="two"),
        Event(happening="card_removed", reader="one"),
        Event(happening="reader_left", reader="two"),
    ]


# --- a conversation in trouble (F-C07, F-C08) ----------------------------------------------------


@pytest.mark.parametrize(("each", "end"), [(0.9, 31), (10.0, 40)])
def test_a_slow_card_is_given_up_after_half_a_minute_in_all(each: float, end: float) -> None:
    now = [0.0]

    def pause(seconds: float) -> None:
        now[0] += seconds

    slow = SimReader("slow", pause=pause)
    slow.insert(holders.soft_card())
    slow.script(*[Fault(trouble=Trouble.SLOW, seconds=each) for _ in range(100)])
    with slow.connect() as connection, pytest.raises(CardMute):
        BeidSession(Deadline(connection, seconds=30, clock=lambda: now[0])).files()
    assert 30 <= now[0] <= end


@pytest.mark.parametrize("skip", range(0, 40, 3))
def test_a_reset_by_another_program_restarts_reading_once_and_unseen(skip: int) -> None:
    card, steady = reader(card=True), reader(card=True)
    card.script(Fault(trouble=Trouble.RESET, skip=skip))
    with card.connect() as connection, steady.connect() as other:
        assert BeidSession(connection).files() == BeidSession(other).files()


def test_the_chips_proof_survives_a_reset() -> None:
    card = reader(card=True)
    with card.connect() as connection:
        session = BeidSession(connection)
        card.script(Fault(trouble=Trouble.RESET, ins=0x88))
        assert session.prove_chip(bytes(48)) is not None


def test_a_challenge_of_another_length_and_an_older_card_give_no_proof() -> None:
    older = SimReader("older")
    older.insert(holders.soft_card("1.7"))
    with older.connect() as connection:
        session = BeidSession(connection)
        assert session.prove_chip(bytes(48)) is None
        with pytest.raises(ValueError, match="challenge"):
            session.prove_chip(bytes(32))


@pytest.mark.parametrize("ins", [VERIFY, CHANGE_REFERENCE_DATA])
def test_no_trouble_makes_a_pin_be_sent_twice(ins: int) -> None:
    for trouble in (Trouble.RESET, Trouble.MUTE, Trouble.PULLED, Trouble.PULLED_AFTER):
        card = reader(card=True)
        with card.connect() as connection:
            session = BeidSession(connection)
            card.script(Fault(trouble=trouble, ins=ins))
            verb = session.verify_pin if ins == VERIFY else partial(session.change_pin, "0000")
            with pytest.raises((CardAbsent, CardMute, CardReset)):
                verb("0000")
            if trouble in (Trouble.RESET, Trouble.MUTE):
                assert session.tries_left() == 3


def test_a_wrong_old_pin_costs_one_try_and_buffers_are_wiped() -> None:
    with reader(card=True).connect() as connection:
        session = BeidSession(connection)
        old, new = bytearray(b"0000"), bytearray(b"1111")
        with pytest.raises(PinWrong) as wrong:
            session.change_pin(old, new)
        assert wrong.value.tries_left == 2
        assert (old, new) == (bytearray(4), bytearray(4))
