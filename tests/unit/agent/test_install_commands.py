"""The commands ``install``, ``uninstall`` and ``status``: what they tell, and in which language."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from cardreader.agent import inspecting, install_cli
from cardreader.agent.cli import agent
from cardreader.agent.language import NAMES
from cardreader.agent.launcher import hello_of
from tests.unit.agent.installation import THEIRS, put

if TYPE_CHECKING:
    from click.testing import Result


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "LC_ALL", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr("cardreader.agent.install_cli.sys.platform", "linux")
    monkeypatch.setattr("cardreader.agent.install_cli.shutil.which", lambda _: None)
    # A busy machine may take long to start a program; what it says is the matter here.
    patient = partial(hello_of, seconds=100)
    monkeypatch.setattr("cardreader.agent.install_cli.hello_of", patient)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(agent, words)


def test_install_status_and_uninstall_tell_the_same_story(home: Path) -> None:
    (home / ".config" / "chromium").mkdir(parents=True)
    before = run("status", "--json")
    assert before.exit_code == 1
    assert json.loads(before.output)[0]["problems"] == ["not_installed"]
    (home / "cards").mkdir()  # without readers: what they need is not on every machine
    asked = ("install", "--json", "--cards", str(home / "cards"))
    done = json.loads(run(*asked).output)
    assert [(one["browser"], one["change"]) for one in done] == [("chromium", "written")]
    assert json.loads(run(*asked).output)[0]["change"] == "unchanged"
    after = run("status", "--json")
    (chromium,) = json.loads(after.output)
    assert (after.exit_code, chromium["problems"]) == (0, [])
    assert chromium["version"]  # the installed program itself said so
    assert json.loads(run("uninstall", "--json").output)[0]["change"] == "removed"
    assert json.loads(run("uninstall", "--json").output) == []


def test_install_refuses_another_programs_place_and_says_how_to_take_it(home: Path) -> None:
    path = home / ".config/chromium/NativeMessagingHosts/eu.webeid.json"
    put(path, THEIRS)
    refused = run("install")
    assert refused.exit_code == 1
    assert "--replace" in refused.output
    assert json.loads(run("install", "--json").output) == {"problem": "manifest_of_another"}
    assert json.loads(path.read_text()) == THEIRS
    assert run("install", "--replace").exit_code == 0


def test_the_readers_options_are_kept_for_the_browser_and_checked_at_once(home: Path) -> None:
    (home / "cards").mkdir()
    (home / ".mozilla" / "firefox").mkdir(parents=True)
    done = run("install", "--cards", str(home / "cards"), "--prompt", "terminal")
    assert done.exit_code == 0, done.output
    program = (home / ".local/share/sesame/card-agent").read_text()
    assert f"--cards {home}/cards --prompt terminal" in program
    wrong = run("install", "--cards", str(home / "cards"), "--insert", "nobody")
    assert (wrong.exit_code, "nobody" in wrong.output) == (2, True)


def test_a_machine_without_a_known_browser_is_told_what_to_do(home: Path) -> None:
    assert home.is_dir()
    done = run("install")
    assert (done.exit_code, "--browser" in done.output) == (1, True)
    assert run("status").exit_code == 1
    assert run("install", "--browser", "chromium").exit_code == 0


def test_windows_is_refused_with_advice(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home.is_dir()
    monkeypatch.setattr("cardreader.agent.install_cli.sys.platform", "win32")
    for command in ("install", "uninstall", "status"):
        done = run(command)
        assert (done.exit_code, "Web eID" in done.output) == (1, True)
        assert json.loads(run(command, "--json").output) == {"problem": "platform_unsupported"}


def test_a_folder_that_cannot_be_written_is_told_without_a_traceback(home: Path) -> None:
    put(home / ".config" / "chromium", "a file where a folder should be")
    done = run("install", "--browser", "chromium")
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert "cannot be written" in done.output


@pytest.mark.parametrize("code", sorted(NAMES))
def test_each_problem_is_advised_on_in_four_languages(home: Path, code: str) -> None:
    (home / ".config" / "chromium").mkdir(parents=True)
    (home / "snap" / "chromium").mkdir(parents=True)
    told = run("status", "--lang", code)
    assert told.exit_code == 1
    assert told.output.count("  ! ") == 2
    assert "sesame agent install" in told.output


def test_the_commands_answer_in_the_language_of_the_terminal(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert home.is_dir()
    monkeypatch.setenv("LANG", "fr_BE.UTF-8")
    assert "Rien n'était installé" in run("uninstall").output


def test_no_problem_is_without_advice() -> None:
    source = Path(inspecting.__file__).read_text()
    named = set(re.findall(r'"([a-z]+(?:_[a-z]+)*)"', source))
    assert set(install_cli._PROBLEMS) <= named
    codes = {name for name in named if "_" in name} - {"allowed_origins", "allowed_extensions"}
    assert codes <= set(install_cli._PROBLEMS)
