"""Inside the card desk's namespaces: loopback, a private pcscd, the virtual reader, a soft card.

Started by ``card_desk``. Reads one JSON order a line, answers one a line, and ends when its input
ends; pcscd ends with it.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import queue
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cardreader.sim.card import SoftCard
from cardreader.sim.faults import Fault, Script, Trouble
from cardreader.sim.vpcd import PORT, VirtualSlot

if TYPE_CHECKING:
    from collections.abc import Callable

SET_PARENT_DEATH_SIGNAL = 1
SET_INTERFACE_FLAGS = 0x8914
INTERFACE_UP = 0x1
LONGEST_WAIT = 20


class Inside:
    """The reader service and what lies in its first reader."""

    def __init__(self, pcscd: str, driver: str) -> None:
        self._command = [pcscd, "--foreground", "--info", "--config", "/run/readers"]
        Path("/run/readers").mkdir()
        Path("/run/readers/virtual").write_text(
            'FRIENDLYNAME "Virtual PCD"\n'
            f"DEVICENAME /dev/null:0x{PORT:04X}\n"
            f"LIBPATH {driver}\n"
            f"CHANNELID 0x{PORT:04X}\n"
        )
        self._said: queue.Queue[str] = queue.Queue()
        self._slot: VirtualSlot | None = None
        self._service: subprocess.Popen[str] | None = None
        self.start({})

    def start(self, _order: dict[str, Any]) -> dict[str, Any]:
        """Start pcscd, and wait until it says that it is ready."""
        for name in ("pcscd.comm", "pcscd.pid"):
            Path("/run/pcscd", name).unlink(missing_ok=True)
        self._service = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._listen, args=(self._service.stdout,), daemon=True).start()
        self._until("daemon ready")
        return {}

    def stop(self, _order: dict[str, Any]) -> dict[str, Any]:
        """End pcscd as a crash would; the card's line breaks with it."""
        if self._service is not None:
            self._service.kill()
            self._service.wait()
            self._service = None
        if self._slot is not None:
            self._slot.pull()
            self._slot = None
        return {}

    def insert(self, order: dict[str, Any]) -> dict[str, Any]:
        """Put the card of a file into the reader, and wait until pcscd has seen it."""
        self.remove({})
        card = SoftCard.load(Path(order["card"]), entropy=os.urandom)
        script = Script(*(_fault(**row) for row in order["faults"]))
        self._slot = VirtualSlot(card, script=script).__enter__()
        self._until("Card inserted")
        return {}

    def remove(self, _order: dict[str, Any]) -> dict[str, Any]:
        """Pull the card, and wait until pcscd has seen it."""
        if self._slot is not None:
            self._slot.pull()
            self._slot = None
            self._until("Card Removed")
        return {}

    def run(self, order: dict[str, Any]) -> dict[str, Any]:
        """Run a program here."""
        done = subprocess.run(
            order["argv"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
        )
        return {
            "code": done.returncode,
            "out": done.stdout.decode("utf-8", "replace"),
            "err": done.stderr.decode("utf-8", "replace"),
        }

    def _listen(self, stream: Any) -> None:
        for line in stream:
            self._said.put(line)

    def _until(self, words: str) -> None:
        while words not in self._said.get(timeout=LONGEST_WAIT):
            pass


def _fault(*, trouble: str, answer: str, **rest: Any) -> Fault:
    return Fault(trouble=Trouble[trouble], answer=bytes.fromhex(answer), **rest)


def die_with_parent() -> None:
    """No orphan may keep pcscd: when the test run ends in any way, so does this."""
    ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


def raise_loopback() -> None:
    """Bring up ``lo``, the only interface of a fresh network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh", b"lo", INTERFACE_UP)
        fcntl.ioctl(handle, SET_INTERFACE_FLAGS, request)


def hide_run(shared: str) -> None:
    """Cover /run: no service of the machine is seen, and the socket lies in `shared`."""
    Path(shared, "pcscd").mkdir()
    subprocess.run(["mount", "--bind", shared, "/run"], check=True)


def main(shared: str, pcscd: str, driver: str) -> None:
    """Serve orders until standard input ends."""
    die_with_parent()
    raise_loopback()
    hide_run(shared)
    inside = Inside(pcscd, driver)
    doings: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        "start": inside.start,
        "stop": inside.stop,
        "insert": inside.insert,
        "remove": inside.remove,
        "run": inside.run,
    }
    print("{}", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = doings[order["do"]](order)
        except Exception as error:  # noqa: BLE001 - told to the test, which fails with it
            answer = {"error": repr(error)}
        print(json.dumps(answer), flush=True)
    inside.stop({})


if __name__ == "__main__":
    main(*sys.argv[1:])
