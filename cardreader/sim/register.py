"""What the simulated country remembers: which certificates it issued and which it revoked."""

from __future__ import annotations

import datetime as dt
import json
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from cryptography import x509

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Revocation:
    """When a certificate was revoked and why; certificateHold means suspended."""

    at: dt.datetime
    reason: x509.ReasonFlags


def write_private(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 in one step: a reader sees the old one or the new one."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    fresh.replace(path)


class Registry:
    """Issued and revoked serials, in memory or in ``register.json`` of a folder.

    With a folder every question reads the file again, so a revocation made by another process is
    seen at the next question. Writers are expected one at a time (a demo, a test).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._path: Path | None = None
        self._issued: dict[int, str] = {}
        self._revoked: dict[int, Revocation] = {}

    @classmethod
    def at(cls, folder: Path) -> Self:
        """The register that a folder keeps."""
        registry = cls()
        registry._path = folder / "register.json"
        registry._load()
        return registry

    def moved_to(self, folder: Path) -> Registry:
        """The same rows, kept in a folder from now on."""
        moved = Registry()
        with self._lock:
            self._load()
            moved._issued = dict(self._issued)
            moved._revoked = dict(self._revoked)
        moved._path = folder / "register.json"
        moved._store()
        return moved

    def issued(self, serial: int, ca_label: str) -> None:
        """Note that a CA issued this serial."""
        with self._lock:
            self._load()
            self._issued[serial] = ca_label
            self._store()

    def revoke(self, serial: int, revocation: Revocation) -> None:
        """Note a revocation; ``KeyError`` for a serial that was never issued."""
        with self._lock:
            self._load()
            if serial not in self._issued:
                raise KeyError(serial)
            self._revoked[serial] = revocation
            self._store()

    def reinstate(self, serial: int) -> None:
        """Lift a suspension; ``KeyError`` when there is none."""
        with self._lock:
            self._load()
            if self._revoked[serial].reason is not x509.ReasonFlags.certificate_hold:
                raise KeyError(serial)
            del self._revoked[serial]
            self._store()

    def status(self, ca_label: str, serial: int, *, at: dt.datetime) -> Revocation | None:
        """The revocation in force at ``at``; ``KeyError`` when this CA never issued the serial."""
        with self._lock:
            self._load()
            if self._issued.get(serial) != ca_label:
                raise KeyError(serial)
            row = self._revoked.get(serial)
        return row if row is not None and row.at <= at else None

    def revoked(self, ca_label: str, *, at: dt.datetime) -> dict[int, Revocation]:
        """Every revocation of a CA in force at ``at``, by serial."""
        with self._lock:
            self._load()
            return {
                serial: row
                for serial, row in self._revoked.items()
                if self._issued[serial] == ca_label and row.at <= at
            }

    def _load(self) -> None:
        if self._path is None:
            return
        data = json.loads(self._path.read_text(encoding="utf-8"))
        self._issued = {int(serial, 16): label for serial, label in data["issued"].items()}
        self._revoked = {
            int(serial, 16): Revocation(
                at=dt.datetime.fromisoformat(row["at"]), reason=x509.ReasonFlags(row["reason"])
            )
            for serial, row in data["revoked"].items()
        }

    def _store(self) -> None:
        if self._path is None:
            return
        data = {
            "issued": {f"{serial:x}": label for serial, label in self._issued.items()},
            "revoked": {
                f"{serial:x}": {"at": row.at.isoformat(), "reason": row.reason.value}
                for serial, row in self._revoked.items()
            },
        }
        write_private(self._path, json.dumps(data, indent=1).encode())
