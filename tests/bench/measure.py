"""What a process cost: CPU seconds and memory of pids, percentiles of latencies."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_USER_TIME: Final = 11  # the field's place after the name, in /proc/PID/stat
_PARENT: Final = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Latency:
    """Milliseconds."""

    p50: float
    p99: float


def latency(seconds: Sequence[float]) -> Latency:
    """Give the median and the 99th percentile of some durations."""
    cuts = quantiles(seconds, n=100, method="inclusive")
    return Latency(p50=cuts[49] * 1000, p99=cuts[98] * 1000)


def family(pid: int) -> set[int]:
    """Give a process and everything that descends from it now."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            fields = _stat(int(folder.name))
            if fields:
                parents[int(folder.name)] = int(fields[_PARENT])
    found = {pid}
    while True:
        more = {child for child, parent in parents.items() if parent in found} - found
        if not more:
            return found
        found |= more


def cpu_seconds(pids: Iterable[int]) -> float:
    """Give the CPU time that these processes and their reaped children have used, all threads."""
    total = 0
    for pid in pids:
        fields = _stat(pid)
        if fields:
            total += sum(int(field) for field in fields[_USER_TIME : _USER_TIME + 4])
    return total / _TICKS


def memory_mb(pids: Iterable[int]) -> float:
    """Give the resident memory of these processes in MB, shared pages counted once."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()
