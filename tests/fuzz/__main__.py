"""Fuzz by coverage: ``python -m tests.fuzz --minutes 2``, behind ``make fuzz``.

First the control: three planted faults, an exception, a hang and a memory hole, must be found, or
the run means nothing. Then each target gets its share of the time in a process of its own, under a
limit of seconds and of memory for each input. What was learnt is kept in ``var/fuzz`` and goes on
from there the next time; a finding is written there, too, and shown again by ``--repeat``.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.fuzz.engine import EngineMissing, Result, open_engine

if TYPE_CHECKING:
    from tests.fuzz.targets import Target

FOLDER: Final = Path("var/fuzz")
CONTROL_SECONDS: Final = 60


def main() -> int:
    """Fuzz; 0 where nothing was found and every planted fault was."""
    options = _options()
    try:
        engine = open_engine(FOLDER)
    except EngineMissing as error:
        print(error, file=sys.stderr)
        return 2
    with engine.watching():
        from tests.fuzz.planted import PLANTED
        from tests.fuzz.seeds import grown, harvest
        from tests.fuzz.targets import Target, targets
    found = targets(harvest(grown(FOLDER / "country")))
    chosen = [one for one in found if options.only in (None, one.name)]
    if not chosen:
        print(f"no such target; there are {', '.join(one.name for one in found)}", file=sys.stderr)
        return 2
    if options.repeat is not None:
        chosen[0].run(options.repeat.read_bytes())
        print(f"{chosen[0].name}: nothing happens any more")
        return 0
    failed = 0
    for planted in PLANTED:
        shutil.rmtree(FOLDER / f"control-{planted.sign}", ignore_errors=True)
        control = Target(name=f"control-{planted.sign}", run=planted.run, seeds=planted.seeds)
        result = engine.fuzz(control, seconds=CONTROL_SECONDS, expected=True)
        failed += _tell(control, result, wanted=planted.sign)
    share = max(1, round(options.minutes * 60 / len(chosen)))
    for target in chosen:
        failed += _tell(target, engine.fuzz(target, seconds=share), wanted=None)
    print("nothing was found" if not failed else f"{failed} of these must not be", flush=True)
    return bool(failed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=2, help="for all targets together")
    parser.add_argument("--only", metavar="TARGET", help="one target instead of all")
    parser.add_argument("--repeat", type=Path, metavar="FILE", help="run --only's target on FILE")
    options = parser.parse_args()
    if options.repeat is not None and options.only is None:
        parser.error("--repeat needs --only")
    return options


def _tell(target: Target, result: Result, *, wanted: str | None) -> bool:
    """Say how it went; whether that is bad."""
    bad = result.found != wanted
    words = f"{result.found or 'nothing'} found"
    if wanted is not None:
        words += ", as planted" if not bad else f": the planted {wanted} was missed"
    print(f"{target.name:18} {result.runs:>9} inputs, {result.memory:>5} MB  {words}", flush=True)
    if bad:
        print(result.log, flush=True)
        for path in result.files:
            print(f'    again: make fuzz ARGS="--only {target.name} --repeat {path}"', flush=True)
    return bad


if __name__ == "__main__":
    sys.exit(main())
