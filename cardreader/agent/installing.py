"""Putting the native host's manifests where browsers look, and taking them away again.

All of it or nothing of it is refused: another program's manifest is seen before anything is
written. One that is replaced on request is kept beside ours, and put back when ours goes.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from cardreader.agent.browsers import BROWSERS, Browser
from cardreader.agent.manifest import DESCRIPTION, NAME, OFFICIAL, family_of, manifest
from cardreader.errors import CardError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cardreader.agent.browsers import Places, Scope

Whose = Literal["none", "ours", "other", "damaged"]
Change = Literal["written", "unchanged", "replaced", "removed", "restored", "other", "none"]

_FILE: Final = f"{NAME}.json"
_KEPT: Final = f"{NAME}.json.before-sesame"
_LONGEST: Final = 65_536


class ManifestOfAnother(CardError):
    """Another program has its manifest there, and nobody said to replace it.

    Attributes:
        path: that manifest.
    """

    code: ClassVar[str] = "manifest_of_another"

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """What was done for one browser."""

    browser: Browser
    path: Path
    change: Change


def manifest_path(places: Places, browser: Browser, scope: Scope) -> Path:
    """The manifest that this browser would read."""
    return places.hosts(browser, scope) / _FILE


def whose(path: Path) -> tuple[Whose, dict[str, Any]]:
    """Whose manifest this is, with its members; a damaged one may be anybody's."""
    try:
        with path.open("rb") as stream:
            members = json.loads(stream.read(_LONGEST))
    except (FileNotFoundError, NotADirectoryError):
        return "none", {}
    except (OSError, ValueError, RecursionError):
        return "damaged", {}
    if not isinstance(members, dict) or members.get("name") != NAME:
        return "damaged", {}
    return ("ours" if members.get("description") == DESCRIPTION else "other"), members


def install(
    places: Places,
    browsers: Iterable[Browser],
    *,
    scope: Scope,
    launcher: str,
    extensions: Iterable[str] = (),
    replace: bool = False,
) -> tuple[Placed, ...]:
    """Write the launcher and a manifest for each of these browsers; idempotent.

    Args:
        places: whose folders.
        browsers: for which.
        scope: for one person, or for everybody.
        launcher: the text of the program (`cardreader.agent.launcher.script`).
        extensions: ids beside those of the published extension; each goes to its own browsers.
        replace: take the place of another program's manifest, and keep it.

    Raises:
        ManifestOfAnother: one is there; nothing was written.
        ExtensionIdMalformed: an id that no browser has; nothing was written.
        OSError: a folder cannot be written.
    """
    program = places.launcher(scope)
    more = [(family_of(one), one) for one in extensions]
    wanted: dict[Path, tuple[Browser, bytes]] = {}
    for browser in browsers:
        path = manifest_path(places, browser, scope)
        if whose(path)[0] in {"other", "damaged"} and not replace:
            raise ManifestOfAnother(path)
        family = browser.family
        ids = dict.fromkeys((*OFFICIAL[family], *(one for of, one in more if of == family)))
        members = manifest(family, extensions=ids, program=program)
        wanted[path] = (browser, f"{json.dumps(members, indent=2)}\n".encode())
    # The program first: no browser may find a manifest whose program is not there yet.
    _write(program, launcher.encode(), mode=0o755)
    return tuple(_place(path, browser, content) for path, (browser, content) in wanted.items())


def uninstall(places: Places, browsers: Iterable[Browser], *, scope: Scope) -> tuple[Placed, ...]:
    """Take our manifests away, put back what they replaced, and drop an unused launcher.

    Other programs' manifests stay. Idempotent.

    Raises:
        OSError: a folder cannot be written.
    """
    done: dict[Path, Placed] = {}
    for browser in browsers:
        path = manifest_path(places, browser, scope)
        if path not in done:
            done[path] = Placed(browser=browser, path=path, change=_take_away(path))
    if not any(whose(manifest_path(places, one, scope))[0] == "ours" for one in BROWSERS):
        places.launcher(scope).unlink(missing_ok=True)
    return tuple(done.values())


def _place(path: Path, browser: Browser, content: bytes) -> Placed:
    change: Change = "written"
    state, _ = whose(path)
    if state == "ours" and path.read_bytes() == content:
        return Placed(browser=browser, path=path, change="unchanged")
    if state in {"other", "damaged"}:
        change = "replaced"
        kept = path.with_name(_KEPT)
        if not kept.exists():
            os.link(path, kept, follow_symlinks=False)
    _write(path, content, mode=0o644)
    return Placed(browser=browser, path=path, change=change)


def _take_away(path: Path) -> Change:
    state, _ = whose(path)
    if state == "none":
        return "none"
    if state != "ours":
        return "other"
    kept = path.with_name(_KEPT)
    if kept.exists():
        kept.replace(path)
        return "restored"
    path.unlink(missing_ok=True)
    return "removed"


def _write(path: Path, content: bytes, *, mode: int) -> None:
    """Write a whole file or none of it, whatever interrupts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    written = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        written.replace(path)
    except BaseException:
        written.unlink(missing_ok=True)
        raise
