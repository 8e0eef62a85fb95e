"""One parent keeps every role filled, more and more slowly, and ends them all."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from idp.cli.roles import Roles

if TYPE_CHECKING:
    from collections.abc import Callable


class FakeChild:
    """A child that dies when told, and ends ``takes`` seconds after it was asked to."""

    def __init__(self, story: Story, name: str, takes: float) -> None:
        self.pid = len(story.log) + 100
        self.story = story
        self.name = name
        self.takes = takes
        self.code: int | None = None
        self.asked: float | None = None

    def poll(self) -> int | None:
        if self.asked is not None and self.story.seconds >= self.asked + self.takes:
            self.code = 0
        return self.code

    def terminate(self) -> None:
        self.asked = self.story.seconds
        self.story.log.append((round(self.story.seconds, 1), f"stop {self.name}"))

    def kill(self) -> None:
        self.code = -9
        self.story.log.append((round(self.story.seconds, 1), f"kill {self.name}"))


class Story:
    """Time that moves by waiting, with deaths and an end that are written beforehand."""

    def __init__(self, *, ends: float, deaths: dict[str, list[float]], takes: float = 0.0) -> None:
        self.seconds = 0.0
        self.ends = ends
        self.deaths = deaths
        self.takes = takes
        self.impatient_at = float("inf")
        self.log: list[tuple[float, str]] = []
        self.children: dict[str, FakeChild] = {}

    def run(self) -> list[tuple[float, str]]:
        Roles(
            {name: self.starting(name) for name in self.deaths},
            monotonic=lambda: self.seconds,
            wait=self.wait,
            pause=self.pause,
            impatient=lambda: self.seconds >= self.impatient_at,
            drain=10,
        ).run()
        return self.log

    def starting(self, name: str) -> Callable[[], FakeChild]:
        def start() -> FakeChild:
            self.log.append((round(self.seconds, 1), f"start {name}"))
            self.children[name] = FakeChild(self, name, self.takes)
            return self.children[name]

        return start

    def wait(self, seconds: float) -> bool:
        self.pause(seconds)
        return self.seconds >= self.ends

    def pause(self, seconds: float) -> None:
        self.seconds += seconds
        for name, moments in self.deaths.items():
            if moments and self.seconds >= moments[0]:
                moments.pop(0)
                self.children[name].code = 1


def test_every_role_starts_and_ends() -> None:
    log = Story(ends=5, deaths={"serve": [], "housekeep": []}).run()
    assert [said for _, said in log] == [
        "start serve",
        "start housekeep",
        "stop serve",
        "stop housekeep",
    ]


def test_a_role_that_dies_is_started_again_and_no_other_notices() -> None:
    log = Story(ends=5, deaths={"serve": [1.0], "housekeep": []}).run()
    starts = [(at, said) for at, said in log if said.startswith("start")]
    assert [said for _, said in starts] == ["start serve", "start housekeep", "start serve"]
    assert 1.4 <= starts[2][0] <= 1.8


def test_a_role_that_keeps_dying_is_started_later_and_later() -> None:
    story = Story(ends=300, deaths={"serve": [float(moment) for moment in range(1, 300)]})
    starts = [at for at, said in story.run() if said == "start serve"]
    pauses = [later - earlier for earlier, later in pairwise(starts)]
    assert pauses[0] < 2
    assert pauses[3] > 4
    assert 29 < max(pauses) < 33
    assert len(starts) < 20


def test_a_death_after_a_long_life_is_the_first_of_a_row() -> None:
    story = Story(ends=200, deaths={"serve": [1.0, 2.0, 4.0, 100.0]})
    starts = [at for at, said in story.run() if said == "start serve"]
    assert starts[-1] - 100.0 < 1


def test_a_child_that_does_not_end_is_killed_after_the_drain() -> None:
    log = Story(ends=5, deaths={"serve": []}, takes=1000).run()
    [(asked, _), (killed, _)] = log[-2:]
    assert [said for _, said in log] == ["start serve", "stop serve", "kill serve"]
    assert 10 <= killed - asked <= 16


def test_asking_twice_does_not_wait_for_the_drain() -> None:
    story = Story(ends=5, deaths={"serve": []}, takes=1000)
    story.impatient_at = 6
    log = story.run()
    assert log[-1][1] == "kill serve"
    assert log[-1][0] < 7
