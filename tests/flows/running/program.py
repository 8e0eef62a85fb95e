"""``sesame serve`` with the tiny application in the place of the provider."""

from __future__ import annotations

import sys
from pathlib import Path

from idp.cli.deployment import opened
from idp.cli.serve import run_serve

if __name__ == "__main__":
    with opened(Path(sys.argv[1])) as foundation:
        run_serve(foundation, target="tests.flows.running.tiny:application")
