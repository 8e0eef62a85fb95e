"""``sesame card`` and ``sesame agent`` as a citizen types them, without any server library."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cardreader.agent.cli import agent, card
from cardreader.agent.httpd import AgentServer
from tests.world.holders import soft_card

ROOT = Path(__file__).parents[3]
SERVER_LIBRARIES = (
    *("flask", "sqlalchemy", "authlib", "redis", "alembic", "granian", "joserfc", "pydantic"),
    *("werkzeug", "jinja2", "babel", "urllib3", "psycopg", "smartcard", "webauthn", "qrcode"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    soft_card().save(tmp_path / "nora.json")
    return tmp_path


def run(group: object, *words: str) -> Result:
    return CliRunner().invoke(group, words)  # type: ignore[arg-type] # a click group


def test_certificates_are_printed_in_pem(folder: Path) -> None:
    shown = run(card, "certificates", "--cards", str(folder), "--insert", "nora")
    assert shown.output.count("-----BEGIN CERTIFICATE-----") == 5
    absent = run(card, "certificates", "--cards", str(folder))
    assert absent.exit_code == 1
    assert "no card in the reader" in absent.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--reader", "virtual"], "--cards"),
        (["--reader", "pcsc", "--cards", "."], "--reader pcsc"),
        (["--cards", "FOLDER", "--insert", "nobody"], "no card nobody"),
        (["--cards", "FOLDER", "--allow-origin", "http://localhost:1"], "--allow-http-localhost"),
        (["--cards", "FOLDER", "--allow-origin", "*"], "cannot ask"),
    ],
)
def test_a_mistake_is_answered_with_the_option_that_mends_it(
    folder: Path, words: list[str], says: str
) -> None:
    done = run(agent, "run", *(word.replace("FOLDER", str(folder)) for word in words))
    assert done.exit_code == 2
    assert says in done.output


def test_a_taken_port_is_named_with_the_option_that_changes_it(folder: Path) -> None:
    with AgentServer(0) as server:
        done = run(agent, "run", "--cards", str(folder), "--port", str(server.port))
    assert done.exit_code == 1
    assert str(server.port) in done.output
    assert "--port" in done.output


def test_a_manifest_is_printed_and_a_wrong_id_explained() -> None:
    words = ["manifest", "--browser", "chrome", "--program", "/opt/host", "--extension-id"]
    assert json.loads(run(agent, *words, "a" * 32).output)["path"] == "/opt/host"
    assert "not an extension id" in run(agent, *words, "*").output


def blocked(*words: str) -> list[str]:
    """The command line in a process in which no server library can be imported."""
    program = (
        "import sys\n"
        "class Wall:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {SERVER_LIBRARIES!r}:\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Wall())\n"
        "from cardreader.agent.cli import agent, card\n"
        "group = {'agent': agent, 'card': card}[sys.argv.pop(1)]\n"
        "group()\n"
    )
    return [sys.executable, "-c", program, *words]


def test_the_card_tool_runs_without_the_servers_libraries(folder: Path) -> None:
    words = ("card", "show", "--cards", str(folder), "--insert", "nora")
    done = subprocess.run(
        blocked(*words), cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert "Specimen" in done.stdout


def test_the_agent_is_installed_and_inspected_without_the_servers_libraries(folder: Path) -> None:
    home = folder / "home"
    (home / ".config" / "chromium").mkdir(parents=True)
    environ = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    for command in ("install", "status", "uninstall"):
        done = subprocess.run(
            blocked("agent", command, "--json"),
            cwd=ROOT,
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert "chromium" in done.stdout
        assert done.stderr == ""


def test_the_agent_serves_its_wallet_and_stops_on_ctrl_c(folder: Path) -> None:
    words = ("agent", "run", "--cards", str(folder), "--port", "0", "--insert", "nora")
    with subprocess.Popen(
        blocked(*words),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split(" is at ")[1].split()[0]
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert b"Specimen" in answer.read()
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert "has stopped" in out


def test_the_native_host_starts_from_the_command_line(folder: Path) -> None:
    from cardreader.agent.messages import frame

    # Browsers append the extension's origin, or the manifest's path and an id.
    words = ("agent", "native", "--cards", str(folder), "chrome-extension://abc/", "--parent=0")
    done = subprocess.run(
        blocked(*words),
        cwd=ROOT,
        input=frame({"command": "quit", "arguments": {}}),
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.endswith(b"{}")
    assert b'"version"' in done.stdout
