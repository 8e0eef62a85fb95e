"""``make run`` as a person meets it: what it says, how it stops, that it leaves nobody behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.services.components import loopback_port
from tests.world.children import ROOT, descendants, wait_until_gone
from tests.world.deployment import Ports
from tests.world.scripted import Browser
from tests.world.scripted_card import choose_card

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(kw_only=True)
class Demo:
    """A demo country that a person has started in a terminal of its own."""

    folder: Path
    ports: Ports
    process: subprocess.Popen[str]
    said: str = ""

    def wait_for(self, words: str) -> None:
        assert self.process.stdout is not None
        while words not in self.said:
            line = self.process.stdout.readline()
            assert line, f"it ended and said: {self.said}"
            self.said += line

    def end(self) -> int:
        """Wait for its end and give its code."""
        assert self.process.stdout is not None
        self.said += self.process.stdout.read()
        return self.process.wait(timeout=60)

    def press_control_c(self) -> None:
        os.killpg(self.process.pid, signal.SIGINT)

    def running(self) -> list[int]:
        return [self.process.pid, *descendants(self.process.pid)]


def command(folder: Path, ports: Ports, *more: str) -> list[str]:
    numbers = [
        part for name, port in asdict(ports).items() for part in (f"--{name}-port", str(port))
    ]
    return [sys.executable, "-m", "tests.world.demo", "--folder", str(folder), *numbers, *more]


@contextmanager
def started(folder: Path, *more: str) -> Iterator[Demo]:
    ports = Ports(**{name: loopback_port() for name in asdict(Ports())})
    process = subprocess.Popen(
        command(folder, ports, *more),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with process:
        demo = Demo(folder=folder, ports=ports, process=process)
        try:
            demo.wait_for("Ctrl-C stops everything")
            yield demo
        finally:
            if process.poll() is None:
                process.terminate()


def listening(ports: Ports) -> list[str]:
    found = []
    for name, port in asdict(ports).items():
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                found.append(name)
    return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with started(tmp_path_factory.mktemp("demo")) as made:
        yield made


def test_it_says_what_to_open_which_card_to_use_and_its_pin(demo: Demo) -> None:
    service = f"http://localhost:{demo.ports.service}"
    agent = f"http://127.0.0.1:{demo.ports.agent}"
    assert all(words in demo.said for words in (service, agent, "adult", "1234", "Ctrl-C"))
    with Browser(language="en") as browser:
        page = choose_card(browser.get(service).press("sign-in"))
        assert page.attribute("card", "data-agent") == agent
        assert "Nora" in browser.get(agent).text


def test_started_twice_it_names_every_port_and_the_options_that_change_them(demo: Demo) -> None:
    again = subprocess.run(
        command(demo.folder, demo.ports), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert again.returncode == 1
    for name, port in asdict(demo.ports).items():
        assert f"Port {port} is taken" in again.stderr
        assert f"--{name}-port changes it" in again.stderr
    assert "make run ARGS=" in again.stderr
    assert "--folder" in again.stderr
    assert "Traceback" not in again.stderr
    assert demo.process.poll() is None


def test_only_loopback_is_listened_on(demo: Demo) -> None:
    ours = set(asdict(demo.ports).values())
    found = [row for row in listeners() if row[1] in ours]
    assert {port for _, port in found} == ours
    assert {address for address, _ in found} == {"0100007F"}


def listeners() -> Iterator[tuple[str, int]]:
    """Address (as the kernel writes it) and port of every listening TCP socket."""
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if state == "0A":
                address, _, port = local.partition(":")
                yield address, int(port, 16)


@pytest.mark.timeout(240)
def test_control_c_stops_all_of_it_the_next_start_finds_the_same_cards_and_killed_leaves_nobody(
    tmp_path: Path,
) -> None:
    with started(tmp_path) as demo:
        running = demo.running()
        assert len(running) > 4
        demo.press_control_c()
        assert demo.end() == 0
        wait_until_gone(running)
        assert listening(demo.ports) == []
        assert "has stopped" in demo.said
        assert "Traceback" not in demo.said
    before = (tmp_path / "country" / "register.json").read_bytes()
    with started(tmp_path, "--responder-port", str(demo.ports.responder)) as again:
        assert (tmp_path / "country" / "register.json").read_bytes() == before
        running = again.running()
        again.process.kill()
        again.end()
        wait_until_gone(running)
        assert listening(again.ports) == []


def test_when_a_part_dies_it_stops_with_that_part_s_last_words(tmp_path: Path) -> None:
    with started(tmp_path) as demo:
        running = demo.running()
        agent = next(pid for pid in running if "agent run" in arguments(pid))
        os.kill(agent, signal.SIGKILL)
        assert demo.end() == 1
        assert "card agent ended" in demo.said
        assert "The card agent is at" in demo.said
        assert "Traceback" not in demo.said
        wait_until_gone(running)


def arguments(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
