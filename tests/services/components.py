"""A component that a test needs is found by name; missing it skips on a desk and fails in CI."""

from __future__ import annotations

import importlib
import os
import shutil
import socket
from pathlib import Path
from typing import NoReturn

import pytest

PLACES = {
    "initdb": "/usr/lib/postgresql/*/bin/initdb",
    "postgres": "/usr/lib/postgresql/*/bin/postgres",
    "pcscd": "/usr/sbin/pcscd",
}


def found(name: str) -> Path | None:
    """The path of the program `name`, also where Debian keeps it off PATH; None when absent."""
    on_path = shutil.which(name)
    if on_path is not None:
        return Path(on_path)
    pattern = PLACES.get(name, f"/usr/sbin/{name}")
    places = sorted(Path("/").glob(pattern.lstrip("/")))
    return places[-1] if places else None


def needs(name: str) -> Path:
    """The path of the program `name`; without it the test is skipped, or fails where CI is set."""
    path = found(name)
    if path is None:
        missing(name)
    return path


def needs_module(name: str) -> None:
    """Go on where the Python module `name` can be imported; else as `needs`."""
    try:
        importlib.import_module(name)
    except ImportError:
        missing(f"the module {name}")


def missing(what: str) -> NoReturn:
    """Skip the test by name on a desk, fail it in CI."""
    message = f"{what} is not installed (make test says how)"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def loopback_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
