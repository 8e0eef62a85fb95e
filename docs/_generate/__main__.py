"""Write every generated page, or with ``--check`` fail where one is not what it would become."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from docs._generate import (
    card_states,
    claims,
    cli,
    configuration,
    conformance,
    openapi,
    problems,
    profiles,
    registration,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REFERENCE = Path(__file__).parents[1] / "reference"
PAGES: Mapping[str, Callable[[], str]] = {
    "configuration.md": configuration.page,
    "problems.md": problems.page,
    "cli.md": cli.page,
    "registration.md": registration.page,
    "profiles.md": profiles.page,
    "claims.md": claims.page,
    "card-states.md": card_states.page,
    "conformance.md": conformance.page,
    "openapi.json": openapi.page,
}


def stale(folder: Path = REFERENCE) -> list[str]:
    """Give the names of the pages that differ from what they would become."""
    return [
        name
        for name, page in PAGES.items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != page()
    ]


def main() -> None:
    """Write, or check."""
    if sys.argv[1:] == ["--check"]:
        old = stale()
        for name in old:
            sys.stderr.write(f"docs/reference/{name} is stale: python -m docs._generate\n")
        sys.exit(bool(old))
    REFERENCE.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
