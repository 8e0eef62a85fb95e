"""A real Redis of the tests' own: loopback, append-only as in production, gone afterwards."""

from __future__ import annotations

import contextlib
import subprocess
from typing import TYPE_CHECKING

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from tests.services.components import loopback_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = Retry(ConstantBackoff(0.05), 200)  # 10 s in steps of 50 ms


@contextlib.contextmanager
def running_redis(program: Path, folder: Path) -> Iterator[str]:
    """The URL of a Redis that lives as long as the block and keeps its files in `folder`."""
    port = loopback_port()
    settings = {
        "bind": "127.0.0.1",
        "port": str(port),
        "save": "",
        "appendonly": "yes",
        "maxmemory-policy": "noeviction",
        "dir": str(folder),
        "logfile": str(folder / "redis.log"),
    }
    arguments = [part for key, value in settings.items() for part in (f"--{key}", value)]
    server = subprocess.Popen([program, *arguments], stdin=subprocess.DEVNULL)
    try:
        with redis.Redis(
            port=port, retry=PATIENCE, retry_on_error=[redis.ConnectionError]
        ) as client:
            client.ping()
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(timeout=10)
