"""What is installed of the native host, browser by browser, and what keeps it from working."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cardreader.agent.browsers import BROWSERS, SCOPES, Browser, Scope
from cardreader.agent.installing import Whose, manifest_path, whose
from cardreader.agent.launcher import interpreter_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardreader.agent.browsers import Places

_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundManifest:
    """One place where this browser looks.

    Attributes:
        program: the path that the manifest names.
        extensions: who may start it, as the manifest names them.
    """

    scope: Scope
    path: Path
    whose: Whose
    program: Path | None
    extensions: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "scope": self.scope,
            "path": str(self.path),
            "whose": self.whose,
            "program": None if self.program is None else str(self.program),
            "extensions": list(self.extensions),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundBrowser:
    """One browser, with its manifests in the order in which it reads them.

    Attributes:
        present: whether the browser is here.
        problems: stable codes, worst first; empty where our host can be started.
        version: what the host said of itself; None where it was not asked, or did not answer.
    """

    browser: Browser
    present: bool
    manifests: tuple[FoundManifest, ...]
    problems: tuple[str, ...]
    version: str | None

    @property
    def read(self) -> FoundManifest | None:
        """The manifest that the browser takes: the first that is there."""
        return next((one for one in self.manifests if one.whose != "none"), None)

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "browser": self.browser.name,
            "present": self.present,
            "manifests": [one.as_json() for one in self.manifests],
            "problems": list(self.problems),
            "version": self.version,
        }


def inspect(
    places: Places,
    *,
    which: Callable[[str], str | None],
    hello: Callable[[Path], str | None],
) -> tuple[FoundBrowser, ...]:
    """Look at every browser that is here, or that has a manifest of this host.

    Args:
        places: whose folders.
        which: finds a command.
        hello: starts a program as a browser does and gives its version.
    """
    versions: dict[Path, str | None] = {}

    def ask(program: Path) -> str | None:
        if program not in versions:
            versions[program] = hello(program)
        return versions[program]

    found = [_browser(places, browser, which, ask) for browser in BROWSERS]
    return tuple(one for one in found if one.present or one.read is not None or one.problems)


def _browser(
    places: Places,
    browser: Browser,
    which: Callable[[str], str | None],
    hello: Callable[[Path], str | None],
) -> FoundBrowser:
    present = places.has(browser, which)
    manifests = tuple(_manifest(places, browser, scope) for scope in SCOPES)
    first = next((one for one in manifests if one.whose != "none"), None)
    problems: list[str] = []
    version = None
    if first is None:
        problems += ["not_installed"] if present else []
    elif first.whose == "damaged":
        problems.append("manifest_damaged")
    elif first.whose == "other":
        hidden = any(one.whose == "ours" for one in manifests)
        problems.append("hidden_by_another" if hidden else "another_program")
    else:
        problems += _of_program(first.program)
        if not problems and first.program is not None:
            version = hello(first.program)
            problems += [] if version is not None else ["host_silent"]
    if places.boxed(browser):
        problems.append("sandboxed")
    return FoundBrowser(
        browser=browser,
        present=present,
        manifests=manifests,
        problems=tuple(problems),
        version=version,
    )


def _manifest(places: Places, browser: Browser, scope: Scope) -> FoundManifest:
    path = manifest_path(places, browser, scope)
    state, members = whose(path)
    program = members.get("path")
    allowed = members.get("allowed_origins", members.get("allowed_extensions", []))
    return FoundManifest(
        scope=scope,
        path=path,
        whose=state,
        program=Path(program) if isinstance(program, str) else None,
        extensions=tuple(str(one) for one in allowed) if isinstance(allowed, list) else (),
    )


def _of_program(program: Path | None) -> list[str]:
    """What is wrong with the program that our manifest names; the first thing only."""
    try:
        if program is None or not program.is_file():
            return ["program_missing"]
        if not os.access(program, os.X_OK):
            return ["program_not_executable"]
        if program.stat().st_mode & _OTHERS_WRITE:
            return ["program_unsafe"]
        interpreter = interpreter_of(program.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return ["program_missing"]
    if interpreter is not None and not os.access(interpreter, os.X_OK):
        return ["interpreter_missing"]
    return []
