"""A real pcscd with a virtual reader, in network and mount namespaces that have only loopback.

One child process a run; the virtual reader's port is fixed, so the namespace is what keeps it ours.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.services.components import missing, needs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cardreader.sim.card import SoftCard
    from cardreader.sim.faults import Fault

ROOT = Path(__file__).parents[2]
# The PC/SC library remembers its socket from the first call on: it is told before any test runs,
# and no test can reach the machine's own readers by mistake.
HOME = tempfile.TemporaryDirectory(prefix="sesame-desk-")
atexit.register(HOME.cleanup)
os.environ["PCSCLITE_CSOCK_NAME"] = str(Path(HOME.name) / "pcscd" / "pcscd.comm")
DRIVER = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """How a program ended."""

    code: int
    out: str
    err: str


@dataclass(kw_only=True)
class CardDesk:
    """The reader and the card in it, as seen from a test."""

    child: subprocess.Popen[str] = field(repr=False)
    folder: Path

    def insert(self, card: SoftCard, *faults: Fault) -> None:
        """Put a card in, through a file, with what shall go wrong."""
        path = self.folder / "inserted.card"
        card.save(path)
        self.order("insert", card=str(path), faults=[_plain(fault) for fault in faults])

    def remove(self) -> None:
        """Pull the card."""
        self.order("remove")

    def restart(self) -> None:
        """End pcscd as a crash would, and start it again; the reader is empty then."""
        self.order("stop")
        self.order("start")

    def run(self, *argv: str) -> Ran:
        """Run a program at the desk."""
        answer = self.order("run", argv=argv)
        return Ran(code=answer["code"], out=answer["out"], err=answer["err"])

    def order(self, do: str, **more: Any) -> dict[str, Any]:
        """Give one order and wait for its answer."""
        assert self.child.stdin is not None
        self.child.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.child.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """The next answer of the child; its failure is ours."""
        assert self.child.stdout is not None
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError("the card desk ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer


def _plain(fault: Fault) -> dict[str, Any]:
    return {**asdict(fault), "trouble": fault.trouble.name, "answer": fault.answer.hex()}


def driver() -> str:
    """The virtual reader's driver; without it the test is skipped, or fails where CI is set."""
    if not Path(DRIVER).exists():
        missing("vsmartcard-vpcd")
    return DRIVER


def namespaces() -> Sequence[str]:
    """The command that runs its arguments in namespaces of their own; also skips or fails."""
    mapped = () if os.geteuid() == 0 else ("--map-root-user",)
    command = (str(needs("unshare")), "--net", "--mount", *mapped, "--")
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode != 0:
        missing("what makes namespaces (unshare --net --mount)")
    return command


@contextlib.contextmanager
def running_card_desk() -> Iterator[CardDesk]:
    """A desk that lives as long as the block; the PC/SC library of this process finds it."""
    folder = Path(HOME.name)
    pcscd = str(needs("pcscd"))
    child = subprocess.Popen(
        [
            *namespaces(),
            *("env", "--unset=PCSCLITE_CSOCK_NAME"),  # inside, the usual place is the right one
            *(sys.executable, "-m", "tests.services.desk_inside"),
            *(str(folder), pcscd, driver()),
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        desk = CardDesk(child=child, folder=folder)
        desk.answer()
        yield desk
    finally:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.close()
        child.wait(timeout=20)
        child.stdout.close()
