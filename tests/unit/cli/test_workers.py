"""What we tell granian."""

from __future__ import annotations

from idp.cli.workers import Respawns


def gives_up(moments: list[float]) -> bool:
    """Say whether granian, asking as it does, would leave at the last of these respawns."""
    respawns = Respawns()
    for moment in moments[:-1]:
        respawns.clear()
        respawns[0] = moment
    return moments[-1] - respawns.get(0, 0) <= 5.5


def test_two_deaths_in_a_row_are_no_reason_to_leave() -> None:
    assert not gives_up([100.0, 100.1])
    assert not gives_up([0.1, 0.2])


def test_deaths_every_half_second_are_no_reason_to_leave() -> None:
    assert not gives_up([100 + each * 0.6 for each in range(100)])


def test_workers_that_die_at_once_and_always_are() -> None:
    assert gives_up([100 + each * 0.1 for each in range(12)])
