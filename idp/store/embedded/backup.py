"""Copies of the embedded pair: made while it is in use, put back when nobody uses it.

A restored Ledger starts a new epoch, higher than that of the copy and of the Ledger it replaces, so
nothing issued since the copy was made is accepted, and none of its sessions lives on; phones and
one-time passwords that were removed since stay removed, where the Ledger that is replaced can still
be read. The Ephemeral store is forgotten. Keys travel in
the Ledger, sealed: the key-encryption key is not in a copy and must be kept elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from idp.store.ports import StoreUnavailable
from idp.store.sql.machine import MachineLock
from idp.store.sql.moments import micros
from idp.store.sql.revision import sqlite_revision
from idp.store.sql.sqlite import FILE_MODE, unavailable
from idp.store.sql.urls import sqlite_path

if TYPE_CHECKING:
    from pathlib import Path

LEDGER: Final = "ledger.sqlite"
EPHEMERAL: Final = "ephemeral.sqlite"
MANIFEST: Final = "manifest.json"
_PRIVATE: Final = 0o700


class BackupRefused(Exception):
    """This copy cannot be made or put back; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What a copy holds. ``files`` gives the SHA-256 (hexadecimal) of each file by name."""

    made_at: datetime
    revision: str
    epoch: int
    files: dict[str, str]


def backup(*, ledger: str, ephemeral: str, folder: Path, at: datetime) -> Manifest:
    """Copy both stores into a new ``folder``, whole or not at all.

    Raises:
        BackupRefused: the folder exists, or a store is not an embedded one.
        StoreUnavailable: a store cannot be read, or the copy cannot be written.
    """
    sources = {EPHEMERAL: _embedded(ephemeral), LEDGER: _embedded(ledger)}
    if folder.exists():
        raise BackupRefused(f"{folder.name} exists: name a new folder")
    partial = folder.with_name(folder.name + ".partial")
    lock = MachineLock(sources[LEDGER])
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, mode=_PRIVATE)
        for name, source in sources.items():
            _copy(source, partial / name)
        manifest = Manifest(
            made_at=at,
            revision=sqlite_revision(partial / LEDGER) or "",
            epoch=_epoch(partial / LEDGER),
            files={name: _digest(partial / name) for name in sources},
        )
        _write(partial / MANIFEST, manifest)
        partial.rename(folder)
        _sync(folder.parent)
    except sqlite3.Error as error:
        raise unavailable(error) from error
    except OSError as error:
        raise StoreUnavailable(f"backup: {error.strerror}") from error
    finally:
        lock.release()
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def restore(*, folder: Path, ledger: str, ephemeral: str, at: datetime) -> int:
    """Put a copy in the place of the stores, which nobody may be using; give the new epoch.

    Raises:
        BackupRefused: not a copy, a damaged one, or a store is not an embedded one.
        StoreUnavailable: some process uses the Ledger, or the disk refuses.
    """
    target, forgotten = _embedded(ledger), _embedded(ephemeral)
    manifest = read_manifest(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = MachineLock(target, alone=True)
    fresh = target.with_name(target.name + ".restoring")
    try:
        _verify(folder, manifest)
        fresh.unlink(missing_ok=True)
        with (folder / LEDGER).open("rb") as source, _made(fresh) as made:
            shutil.copyfileobj(source, made)
        epoch = max(manifest.epoch, _settled_epoch(target)) + 1
        _start_epoch(fresh, epoch, at=at)
        _keep_removed(fresh, target, at=at)
        _sync(fresh)
        _remove(target, only_journals=True)
        fresh.replace(target)
        _remove(forgotten)
        _sync(target.parent)
    except sqlite3.Error as error:
        raise unavailable(error) from error
    except OSError as error:
        raise StoreUnavailable(f"restore: {error.strerror}") from error
    finally:
        fresh.unlink(missing_ok=True)
        lock.release()
    return epoch


def read_manifest(folder: Path) -> Manifest:
    """Read what a copy says of itself. Raises: BackupRefused."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return Manifest(
            made_at=datetime.fromisoformat(content["made_at"]),
            revision=str(content["revision"]),
            epoch=int(content["epoch"]),
            files={str(name): str(digest) for name, digest in content["files"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupRefused(f"{folder.name} is not a backup: no readable manifest") from error


def _embedded(url: str) -> Path:
    path = sqlite_path(url)
    if path is None:
        raise BackupRefused("only embedded stores: copy PostgreSQL with pg_dump, Redis needs none")
    return path


def _made(path: Path) -> BinaryIO:
    """Open a new file that from its first byte only its owner reads."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb")


def _copy(source: Path, target: Path) -> None:
    _made(target).close()
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE").fetchall()
    target.chmod(FILE_MODE)  # it may leave the folder that guards it here
    _sync(target)


def _verify(folder: Path, manifest: Manifest) -> None:
    if set(manifest.files) != {LEDGER, EPHEMERAL}:
        raise BackupRefused("the manifest names other files than a backup has")
    for name, digest in manifest.files.items():
        if not (folder / name).is_file() or _digest(folder / name) != digest:
            raise BackupRefused(f"{name} is missing or not the file that was backed up")
    if _scalar(folder / LEDGER, "PRAGMA integrity_check") != "ok":
        raise BackupRefused(f"{LEDGER} is damaged")


def _epoch(path: Path) -> int:
    return int(_scalar(path, "SELECT epoch FROM epochs"))


def _settled_epoch(path: Path) -> int:
    """Bring the journal home and give the epoch; 0 where there is no readable Ledger."""
    if not path.exists():
        return 0
    with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return int(file.execute("SELECT epoch FROM epochs").fetchone()[0])
    return 0


def _start_epoch(path: Path, epoch: int, *, at: datetime) -> None:
    """Refuse what was issued and end every session, in one transaction.

    A session of the copy may have ended since.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("BEGIN IMMEDIATE")
        file.execute("UPDATE epochs SET epoch = ?", (epoch,))
        file.execute("UPDATE sessions SET ended_at = ? WHERE ended_at IS NULL", (micros(at),))
        file.execute("COMMIT")


def _keep_removed(path: Path, former: Path, *, at: datetime) -> None:
    """Let what was removed since the copy stay removed, as far as the former Ledger can tell.

    Phones and one-time passwords: their rows are plain where it matters, so no key is needed.
    Phones that stay removed by this are those that were removed ``at``.
    """
    if not former.exists():
        return
    with closing(sqlite3.connect(path, isolation_level=None, uri=True)) as file:
        try:
            file.execute("ATTACH ? AS former", (f"{former.absolute().as_uri()}?mode=ro",))
            file.execute("BEGIN IMMEDIATE")
            file.execute(
                "UPDATE devices SET removed_at = ?, push = NULL WHERE removed_at IS NULL"
                " AND id IN (SELECT id FROM former.devices WHERE removed_at IS NOT NULL)",
                (micros(at),),
            )
            file.execute(
                "DELETE FROM otp_secrets WHERE (person, created_at) NOT IN"
                " (SELECT person, created_at FROM former.otp_secrets)"
            )
            file.execute("COMMIT")
        except sqlite3.Error:
            # Damaged, or of a time without phones: it tells nothing.
            if file.in_transaction:
                file.execute("ROLLBACK")


def _scalar(path: Path, query: str) -> Any:  # noqa: ANN401 - whatever the query gives
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as file:
        return file.execute(query).fetchone()[0]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, manifest: Manifest) -> None:
    content = {
        "made_at": manifest.made_at.isoformat(),
        "revision": manifest.revision,
        "epoch": manifest.epoch,
        "files": manifest.files,
    }
    with _made(path) as file:
        file.write(json.dumps(content, indent=2).encode() + b"\n")
    _sync(path)


def _remove(path: Path, *, only_journals: bool = False) -> None:
    for name in (f"{path.name}-wal", f"{path.name}-shm", *(() if only_journals else (path.name,))):
        path.with_name(name).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
