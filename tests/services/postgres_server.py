"""A real PostgreSQL of the tests' own, run by an unprivileged account when the tests are root's."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.services.components import loopback_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNTS = ("postgres", "nobody")


def unprivileged() -> str | None:
    """The account that must run the server: None when this process is not root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ACCOUNTS if name in known)


@contextlib.contextmanager
def running_postgres(initdb: Path) -> Iterator[str]:
    """The SQLAlchemy URL, without a database name, of a server that lives as long as the block."""
    account = unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="sesame-pg-"))
    if account is not None:
        shutil.chown(folder, account)
    port = loopback_port()
    data = folder / "data"
    control = initdb.with_name("pg_ctl")

    def run(*command: str | Path) -> None:
        subprocess.run(command, check=True, user=account, cwd=folder, stdout=subprocess.DEVNULL)

    try:
        run(initdb, "-D", data, "-U", "sesame", "--auth=trust", "--encoding=UTF8", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder}"
        run(control, "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://sesame@127.0.0.1:{port}"
        finally:
            run(control, "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
