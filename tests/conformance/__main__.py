"""``make conformance SUITE=<url>``: run the plans of a suite that runs, and write its verdicts."""

from __future__ import annotations

import argparse
import json
import os
import ssl
import sys
import time
from pathlib import Path
from typing import Final

from tests.conformance.suite import GOOD, Suite, SuiteFailed, Verdict, plans, table

_TOKEN: Final = "CONFORMANCE_TOKEN"


def main() -> int:
    """Run, and give 0 where nothing stands in a certificate's way."""
    options = _options()
    context = ssl.create_default_context(cafile=options.ca)
    suite = Suite(
        url=options.suite.rstrip("/"),
        token=os.environ.get(_TOKEN),
        pause=time.sleep,
        context=context,
    )
    found: list[Verdict] = []
    try:
        for plan in plans(frozenset(options.plans)):
            own = options.config.with_stem(f"{options.config.stem}-{plan.short}")
            given = own if own.exists() else options.config
            configuration = json.loads(given.read_text(encoding="utf-8"))
            for verdict in suite.run(plan, configuration):
                print(f"{verdict.plan:24} {verdict.result:10} {verdict.module}", flush=True)
                found.append(verdict)
    except (SuiteFailed, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        if found:
            options.out.write_text(table(found), encoding="utf-8")
            print(f"Written to {options.out}")
    return 0 if all(verdict.result in GOOD for verdict in found) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make conformance", description=__doc__)
    parser.add_argument("--suite", required=True, help="where it runs, https://host:port")
    parser.add_argument("--config", type=Path, default=Path("conformance.json"))
    parser.add_argument("--out", type=Path, default=Path("conformance.md"))
    parser.add_argument("--ca", help="the certificate that the suite's own was issued by")
    parser.add_argument("plans", nargs="*", help="short names; none means all")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
