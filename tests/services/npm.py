"""npm programs that speak lines of JSON with a test: begun, heard, answered, and ended well.

They stand in ``tests/npm``, say what they have to say a line each, and end by themselves.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from tests.services.components import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FOLDER: Final = Path(__file__).parents[1] / "npm"
_NODE: Final = Path(sys.executable).with_name("node")
_SECONDS: Final = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """One that runs."""

    _ears: IO[str]
    _mouth: IO[str]

    def heard(self) -> dict[str, Any]:
        """Give the next thing that it says."""
        said: dict[str, Any] = json.loads(self._ears.readline())
        return said

    def say(self, value: object) -> None:
        """Tell it something."""
        print(json.dumps(value), file=self._mouth, flush=True)


def needs_package(name: str) -> None:
    """Skip where a package is not installed, or fail where everything has to be."""
    if not _NODE.exists() or not (_FOLDER / "node_modules" / name).exists():
        missing(f"npm {name}")


@contextlib.contextmanager
def program(name: str, wanted: object) -> Iterator[Program]:
    """Run ``name``.mjs for the length of the block; it has to end by itself, and well."""
    with subprocess.Popen(
        [_NODE, f"{name}.mjs", json.dumps(wanted)],
        cwd=_FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Program(_ears=process.stdout, _mouth=process.stdin)
        process.stdin.close()
        assert process.wait(_SECONDS) == 0


def conversation(
    name: str, wanted: object, answered: Callable[[dict[str, Any]], object]
) -> dict[str, Any]:
    """Let a program say what it needs, answer it, and give what it says is done.

    One that is done at once, or failed, is not answered.
    """
    with program(name, wanted) as running:
        said = running.heard()
        if not said.keys() & {"done", "failed"}:
            running.say(answered(said))
            said = running.heard()
        assert "done" in said, said
    done: dict[str, Any] = said["done"]
    return done
