"""Waiting for a card to come, and telling what comes and goes, at the pace of a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cardreader.agent.slots import Slots

_PAUSE: Final = 0.5
Happening = Literal["reader_came", "reader_left", "card_inserted", "card_removed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One thing that happened at one reader."""

    happening: Happening
    reader: str


def wait_for_card(
    slots: Slots,
    *,
    seconds: float,
    clock: Callable[[], float],
    pause: Callable[[float], None],
    progress: Callable[[bool, int], None],
) -> bool:
    """Wait until some reader holds a card; readers may come late, too.

    Args:
        slots: the readers.
        seconds: how long at most; 0 looks once.
        clock: seconds that only rise.
        pause: lets time pass.
        progress: told whether a reader is there, and how many whole seconds remain, each time that
            either changes.

    Returns:
        Whether a card is there; without one, whoever opens a card says what is missing.
    """
    end = clock() + seconds
    said: tuple[bool, int] | None = None
    while True:
        presence = slots.presence()
        if any(present for _, present in presence):
            return True
        remaining = end - clock()
        if remaining <= 0:
            return False
        now = (bool(presence), int(remaining + 0.5))
        if now != said:
            progress(*now)
            said = now
        pause(min(_PAUSE, remaining))


def happenings(
    slots: Slots,
    *,
    seconds: float | None,
    clock: Callable[[], float],
    pause: Callable[[float], None],
) -> Iterator[Event]:
    """Tell what comes and goes, beginning with what is there.

    Without end where ``seconds`` is None. A card that was exchanged between two looks is told as
    one that stayed.
    """
    end = None if seconds is None else clock() + seconds
    before: dict[str, bool] = {}
    while True:
        after = dict(slots.presence())
        yield from _between(before, after)
        before = after
        if end is not None and clock() >= end:
            return
        pause(_PAUSE)


def _between(before: dict[str, bool], after: dict[str, bool]) -> Iterator[Event]:
    for reader in before.keys() - after.keys():
        yield Event(happening="reader_left", reader=reader)
    for reader, present in after.items():
        if reader not in before:
            yield Event(happening="reader_came", reader=reader)
        if present != before.get(reader, False):
            came: Happening = "card_inserted" if present else "card_removed"
            yield Event(happening=came, reader=reader)
