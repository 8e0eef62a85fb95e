"""One machine a file: a lock beside the Ledger that processes of one machine share.

The machine is named by its kernel's boot identifier, which containers of one host have in common
and no two hosts do. Whoever finds the lock free writes the name; whoever finds it shared must find
their own.
"""

from __future__ import annotations

import fcntl
import os
import platform
from pathlib import Path
from typing import Final

from idp.store.ports import StoreUnavailable

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def this_machine() -> str:
    """Give a name that this machine has until it is started again."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return platform.node()


class MachineLock:
    """Held, shared, for as long as this process uses the file; ``alone`` demands nobody else."""

    def __init__(self, path: Path, *, alone: bool = False) -> None:
        """Take the lock of the file at ``path``.

        Raises:
            StoreUnavailable: another machine uses the file, or (``alone``) another process.
        """
        beside = path.with_name(path.name + ".lock")
        try:
            self._file = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(f"the lock beside the ledger: {error.strerror}") from error
        try:
            self._take(alone=alone)
        except BaseException:
            self.release()
            raise

    def _take(self, *, alone: bool) -> None:
        name = this_machine().encode()
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if alone:
                raise StoreUnavailable("another process uses the ledger") from None
        else:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, name, 0)
            if alone:
                return
        # Waits only for one who is writing the name, or for a restore to end.
        fcntl.flock(self._file, fcntl.LOCK_SH)
        if os.pread(self._file, 200, 0) != name:
            raise StoreUnavailable("another machine uses the ledger")

    def release(self) -> None:
        """Let the file go."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
