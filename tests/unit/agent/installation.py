"""An installation under a folder of the test's own: what is put there and what stands there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cardreader.agent.browsers import (
    BROWSERS,
    BY_NAME,
    Places,
    Scope,
)
from cardreader.agent.installing import install

if TYPE_CHECKING:
    from pathlib import Path

LAUNCHER = "#!/bin/sh\nexec true\n"
THEIRS = {"name": "eu.webeid", "description": "Web eID", "path": "/usr/bin/web-eid"}


def manifest_of(place: Places, name: str, scope: Scope = "user") -> Path:
    return place.hosts(BY_NAME[name], scope) / "eu.webeid.json"


def put(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content) if isinstance(content, dict) else str(content))
    return path


def all_of(place: Places, *, scope: Scope = "user", replace: bool = False) -> list[str]:
    done = install(place, BROWSERS, scope=scope, launcher=LAUNCHER, replace=replace)
    return [one.change for one in done]


def everything(place: Places) -> dict[str, tuple[bytes, int]]:
    top = place.home.parent
    return {
        str(path.relative_to(top)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in top.rglob("*")
        if path.is_file()
    }
