"""``make bench``: ours beside npm oidc-provider, in one run, written to the reference page."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.bench import card_check, measure, phone, report, waiting, where
from tests.bench.card import with_cards
from tests.bench.rounds import DRIVERS, PHASES, Drivers, figure, measured
from tests.bench.systems import (
    ours,
    peer,
    postgres_and_pids,
    redis_and_pids,
    remember_consent,
    with_pids,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from tests.bench.rounds import Phase
    from tests.bench.systems import System

_PARTS: Final = {"checks": card_check, "phone": phone, "waiting": waiting, "where": where}
"""What can be measured alone; each measures, writes its section, and puts it into the page."""
PAGE: Final = Path(__file__).parents[2] / "docs/reference/performance.md"


def main() -> None:
    """Measure and write."""
    options = _options()
    if options.part != "all":
        _alone(_PARTS[options.part], options)
        return
    with tempfile.TemporaryDirectory(prefix="sesame-bench-") as place:
        folder = Path(place)
        with contextlib.ExitStack() as on:
            systems = list(_systems(folder, on))
            results = _rounds(systems, options)
        cards = _cards(folder / "cards", options)
    text = report.page(results, cards, rounds=options.rounds, times=options.times * DRIVERS)
    text = card_check.put_into(text, card_check.figures(_say))
    text = where.put_into(text, where.figures(_say))
    text = phone.put_into(text, phone.figures(_say))
    text = waiting.put_into(text, waiting.figures(_say))
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
        print(f"Written to {PAGE.relative_to(Path.cwd())}")
    print(report.table(results))
    print(report.card_table(cards))


def _alone(part: ModuleType, options: argparse.Namespace) -> None:
    """Measure one part, and put it into the page as it stands."""
    more = {"browsers": options.browsers} if part is waiting else {}
    found = part.figures(_say, **more)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(part.put_into(page, found), encoding="utf-8")
    print(part.section(found))


def _systems(folder: Path, on: contextlib.ExitStack) -> Iterator[System]:
    for name in ("embedded", "shared", "redis-ours", "redis-peer"):
        (folder / name).mkdir()
    ledger, postgres = on.enter_context(postgres_and_pids())
    redis_url, redis = on.enter_context(redis_and_pids(folder / "redis-ours"))
    peer_redis_url, peer_redis = on.enter_context(redis_and_pids(folder / "redis-peer"))
    mine = on.enter_context(ours("Sesame, SQLite", folder / "embedded"))
    shared = on.enter_context(
        ours(
            "Sesame, PostgreSQL and Redis",
            folder / "shared",
            ledger=ledger,
            ephemeral=redis_url,
        )
    )
    yield mine
    yield on.enter_context(peer("oidc-provider, in memory", redis=None))
    yield with_pids(shared, postgres, redis)
    theirs = on.enter_context(peer("oidc-provider, Redis", redis=peer_redis_url))
    yield with_pids(theirs, peer_redis)


def _rounds(systems: list[System], options: argparse.Namespace) -> list[report.Result]:
    drivers = {}
    for system in systems:
        remember_consent(system)
        drivers[system.name] = Drivers(system.face)
        _say(f"{system.name}: warming up")
        drivers[system.name].tell("login", options.warm_up)
    phases: dict[str, dict[str, list[Phase]]] = {
        system.name: {phase: [] for phase in PHASES} for system in systems
    }
    for number in range(1, options.rounds + 1):
        for system in systems:
            for phase in PHASES:
                done = measured(system, drivers[system.name], phase, options.times)
                phases[system.name][phase].append(done)
                _say(f"round {number}: {system.name}: {phase}: {done.per_cpu_second:.0f}/CPU-s")
    results = [
        report.Result(
            name=system.name,
            figures={phase: figure(found) for phase, found in phases[system.name].items()},
            worker_mb=max(measure.memory_mb({pid}) for pid in system.worker()),
            all_mb=measure.memory_mb(system.worker()),
        )
        for system in systems
    ]
    for each in drivers.values():
        each.stop()
    for system in systems:
        if system.world is not None:
            system.world.sesame("audit", "verify")
            _say(f"{system.name}: the audit trail verifies")
    return results


def _cards(folder: Path, options: argparse.Namespace) -> list[report.CardResult]:
    folder.mkdir()
    results = []
    times = max(options.times // 4, 5)
    with ours("Sesame, SQLite", folder, cards=True) as system:
        for kind, make in with_cards(system):
            drivers = Drivers(system.face, make)
            drivers.tell("login", 5)
            found = [measured(system, drivers, "login", times) for _ in range(options.rounds)]
            results.append(report.CardResult(name=kind, figure=figure(found)))
            _say(f"card logins, {kind}: {results[-1].figure.per_cpu_second:.0f}/CPU-s")
            drivers.stop()
    return results


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='make bench ARGS="[options]"', description=__doc__)
    parser.add_argument(
        "part",
        nargs="?",
        choices=("all", *_PARTS),
        default="all",
        help="what to measure",
    )
    parser.add_argument(
        "--browsers", type=int, default=waiting.BROWSERS, help="of the part waiting (10000)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds, interleaved (default: 5)")
    parser.add_argument(
        "--times", type=int, default=100, help="operations a driver a phase (default: 100)"
    )
    parser.add_argument(
        "--warm-up", type=int, default=400, help="logins a driver before the first round (400)"
    )
    parser.add_argument("--no-write", dest="write", action="store_false", help="print only")
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
