"""Rounds of work: the same phases on each system in turn, several times, and what each phase cost.

The driver is a few processes on a core of their own, each with one kept connection. A phase gives
every operation's duration and the CPU seconds that the system spent meanwhile; its figure is
operations per CPU-second, which does not depend on how fast the driver is.
"""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Final

from tests.bench import measure
from tests.bench.systems import DRIVER_CORE
from tests.bench.work import Worker, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

    from tests.bench.systems import System
    from tests.bench.work import Face

DRIVERS: Final = 4
PHASES: Final = ("login", "exchange", "userinfo", "introspect", "discover")


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """One phase of one round."""

    operations: int
    cpu: float
    latencies: tuple[float, ...] = field(repr=False)

    @property
    def per_cpu_second(self) -> float:
        """Operations that a core of its own would do in a second."""
        return self.operations / self.cpu


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """The rounds of one phase on one system, taken together; milliseconds and operations."""

    per_cpu_second: float
    lowest: float
    highest: float
    p50: float
    p99: float


def figure(phases: Sequence[Phase]) -> Figure:
    """Take the median of the rounds, and the percentiles of all their operations."""
    rates = [phase.per_cpu_second for phase in phases]
    spread = measure.latency([taken for phase in phases for taken in phase.latencies])
    return Figure(
        per_cpu_second=median(rates),
        lowest=min(rates),
        highest=max(rates),
        p50=spread.p50,
        p99=spread.p99,
    )


class Drivers:
    """Processes that work for us; each repeats a phase when told to."""

    def __init__(self, face: Face, make: Callable[[Face], Worker] = Worker) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(DRIVERS):
            ours, theirs = context.Pipe()
            process = context.Process(target=_drive, args=(theirs, face, make), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)
        self._hear()

    def tell(self, phase: str, times: int) -> list[float]:
        """Let every driver do its share; give the seconds of each operation."""
        for pipe in self._pipes:
            pipe.send((phase, times))
        return self._hear()

    def stop(self) -> None:
        """End the processes."""
        for pipe in self._pipes:
            pipe.send(("stop", 0))
        for process in self._processes:
            process.join(timeout=10)

    def _hear(self) -> list[float]:
        taken: list[float] = []
        for pipe in self._pipes:
            answer = pipe.recv()
            if isinstance(answer, str):
                raise RuntimeError(answer)  # noqa: TRY004 - a driver's failure, passed on
            taken += answer
        return taken


def measured(system: System, drivers: Drivers, phase: str, times: int) -> Phase:
    """Do one phase and take its cost."""
    if phase == "exchange":
        drivers.tell("codes", times)
    before = measure.cpu_seconds(system.all())
    taken = drivers.tell(phase, times)
    after = measure.cpu_seconds(system.all())
    return Phase(operations=len(taken), cpu=after - before, latencies=tuple(taken))


def _drive(pipe: Connection, face: Face, make: Callable[[Face], Worker]) -> None:
    os.sched_setaffinity(0, {DRIVER_CORE} & os.sched_getaffinity(0) or os.sched_getaffinity(0))
    try:
        worker = make(face)
        codes: list[tuple[str, str]] = []

        def exchange() -> None:
            worker.exchange(*codes.pop())

        pipe.send([])
        while True:
            phase, times = pipe.recv()
            if phase == "stop":
                return
            worker.connect()
            if phase == "codes":
                codes += [worker.code() for _ in range(times)]
                pipe.send([])
            else:
                work = exchange if phase == "exchange" else getattr(worker, phase)
                pipe.send(timed(work, times))
    except Exception as error:  # noqa: BLE001 - the other side of the pipe must hear it
        pipe.send(f"{type(error).__name__}: {error}")
