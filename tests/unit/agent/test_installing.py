"""``sesame agent install``, ``uninstall`` and ``status``: whose files, where, and what is wrong."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from cardreader.agent import inspecting, install_cli, installing
from cardreader.agent.browsers import (
    BROWSERS,
    BY_NAME,
    SCOPES,
    Places,
    PlatformUnsupported,
    Scope,
    places,
)
from cardreader.agent.cli import agent
from cardreader.agent.inspecting import inspect
from cardreader.agent.installing import ManifestOfAnother, install, uninstall, whose
from cardreader.agent.language import NAMES
from cardreader.agent.launcher import hello_of, interpreter_of, script
from cardreader.agent.manifest import OFFICIAL, ExtensionIdMalformed

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from cardreader.agent.inspecting import FoundBrowser

LAUNCHER = "#!/bin/sh\nexec true\n"
THEIRS = {"name": "eu.webeid", "description": "Web eID", "path": "/usr/bin/web-eid"}


@pytest.fixture(params=["linux", "darwin"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    return Places(
        platform=request.param,
        home=tmp_path / "home",
        config=tmp_path / "home" / ".config",
        data=tmp_path / "home" / ".local" / "share",
        root=tmp_path / "root",
    )


def manifest_of(place: Places, name: str, scope: Scope = "user") -> Path:
    return place.hosts(BY_NAME[name], scope) / "eu.webeid.json"


def put(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content) if isinstance(content, dict) else str(content))
    return path


def all_of(place: Places, *, scope: Scope = "user", replace: bool = False) -> list[str]:
    done = install(place, BROWSERS, scope=scope, launcher=LAUNCHER, replace=replace)
    return [one.change for one in done]


def everything(place: Places) -> dict[str, tuple[bytes, int]]:
    top = place.home.parent
    return {
        str(path.relative_to(top)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in top.rglob("*")
        if path.is_file()
    }


# --- the places --------------------------------------------------------------------------------


def test_every_browser_finds_its_manifest_where_it_looks() -> None:
    """By the documentation of Chrome, Edge and Firefox, and traces of the others."""
    linux = places("linux", {}, Path("/home/an"))
    assert {name: str(manifest_of(linux, name)) for name in BY_NAME} == {
        "chromium": "/home/an/.config/chromium/NativeMessagingHosts/eu.webeid.json",
        "chrome": "/home/an/.config/google-chrome/NativeMessagingHosts/eu.webeid.json",
        "edge": "/home/an/.config/microsoft-edge/NativeMessagingHosts/eu.webeid.json",
        "brave": (
            "/home/an/.config/BraveSoftware/Brave-Browser/NativeMessagingHosts/eu.webeid.json"
        ),
        "vivaldi": "/home/an/.config/vivaldi/NativeMessagingHosts/eu.webeid.json",
        "firefox": "/home/an/.mozilla/native-messaging-hosts/eu.webeid.json",
    }
    assert {name: str(manifest_of(linux, name, "system").parent) for name in BY_NAME} == {
        "chromium": "/etc/chromium/native-messaging-hosts",
        "chrome": "/etc/opt/chrome/native-messaging-hosts",
        "edge": "/etc/opt/edge/native-messaging-hosts",
        "brave": "/etc/opt/chrome/native-messaging-hosts",
        "vivaldi": "/etc/opt/chrome/native-messaging-hosts",
        "firefox": "/usr/lib/mozilla/native-messaging-hosts",
    }
    macos = places("darwin", {}, Path("/Users/an"))
    own, everybody = "/Users/an/Library/Application Support", "/Library"
    assert str(manifest_of(macos, "chrome").parent) == f"{own}/Google/Chrome/NativeMessagingHosts"
    assert str(manifest_of(macos, "firefox").parent) == f"{own}/Mozilla/NativeMessagingHosts"
    system = str(manifest_of(macos, "chrome", "system").parent)
    assert system == f"{everybody}/Google/Chrome/NativeMessagingHosts"


def test_the_variables_of_the_desktop_move_the_places() -> None:
    moved = places("linux", {"XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d"}, Path("/home/an"))
    assert str(manifest_of(moved, "chromium")).startswith("/c/chromium/")
    assert moved.launcher("user") == Path("/d/sesame/card-agent")
    assert str(manifest_of(moved, "firefox")).startswith("/home/an/.mozilla/")
    still = places("linux", {"XDG_CONFIG_HOME": "relative"}, Path("/home/an"))
    assert still.config == Path("/home/an/.config")


@pytest.mark.parametrize("system", ["win32", "cygwin", "freebsd14", ""])
def test_another_system_is_refused_rather_than_guessed(system: str) -> None:
    with pytest.raises(PlatformUnsupported):
        places(system, {}, Path("/home/an"))


# --- installing --------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", SCOPES)
def test_each_browser_gets_a_manifest_for_its_own_kind_of_extension(
    place: Places, scope: Scope
) -> None:
    assert set(all_of(place, scope=scope)) == {"written"}
    for browser in BROWSERS:
        members = json.loads(manifest_of(place, browser.name, scope).read_text())
        assert members["path"] == str(place.launcher(scope))
        assert Path(members["path"]).is_absolute()
        if browser.family == "firefox":
            assert members["allowed_extensions"] == list(OFFICIAL["firefox"])
            assert "allowed_origins" not in members
        else:
            wanted = [f"chrome-extension://{one}/" for one in OFFICIAL["chrome"]]
            assert members["allowed_origins"] == wanted
            assert "allowed_extensions" not in members
    assert os.access(place.launcher(scope), os.X_OK)


def test_a_second_installation_writes_no_manifest_again(place: Places) -> None:
    all_of(place)
    before = everything(place)
    assert set(all_of(place)) == {"unchanged"}
    manifests = {path: kept for path, kept in everything(place).items() if path.endswith(".json")}
    assert manifests.items() <= before.items()


def test_other_extensions_are_let_in_beside_the_published_one(place: Places) -> None:
    mine, other = "a" * 32, "card@example.be"
    install(place, BROWSERS, scope="user", launcher=LAUNCHER, extensions=(mine, other, mine))
    chromium = json.loads(manifest_of(place, "chromium").read_text())["allowed_origins"]
    assert chromium[-1] == f"chrome-extension://{mine}/"
    assert len(chromium) == 3
    firefox = json.loads(manifest_of(place, "firefox").read_text())["allowed_extensions"]
    assert firefox == [*OFFICIAL["firefox"], other]


def test_what_is_no_extension_writes_nothing(place: Places) -> None:
    with pytest.raises(ExtensionIdMalformed):
        install(place, BROWSERS, scope="user", launcher=LAUNCHER, extensions=("*",))
    assert everything(place) == {}


@pytest.mark.parametrize("content", [THEIRS, "{", "[]", '{"name": "eu.other"}'])
def test_a_manifest_that_is_not_ours_stops_the_whole_installation(
    place: Places, content: object
) -> None:
    theirs = put(manifest_of(place, "firefox"), content)
    before = everything(place)
    with pytest.raises(ManifestOfAnother) as refused:
        all_of(place)
    assert refused.value.path == theirs
    assert everything(place) == before


def test_a_replaced_manifest_is_kept_and_comes_back(place: Places) -> None:
    theirs = put(manifest_of(place, "chromium"), THEIRS)
    assert all_of(place, replace=True).count("replaced") == 1
    assert whose(theirs)[0] == "ours"
    all_of(place, replace=True)  # a second time must not take our own file for theirs
    done = uninstall(place, BROWSERS, scope="user")
    assert [one.change for one in done].count("restored") == 1
    assert json.loads(theirs.read_text()) == THEIRS
    assert list(everything(place)) == [str(theirs.relative_to(place.home.parent))]


def test_a_link_is_replaced_and_not_written_through(place: Places, tmp_path: Path) -> None:
    packaged = put(tmp_path / "package" / "eu.webeid.json", THEIRS)
    path = manifest_of(place, "chromium")
    path.parent.mkdir(parents=True)
    path.symlink_to(packaged)
    all_of(place, replace=True)
    assert json.loads(packaged.read_text()) == THEIRS
    uninstall(place, BROWSERS, scope="user")
    assert path.is_symlink()
    assert json.loads(path.read_text()) == THEIRS


def test_uninstalling_leaves_other_programs_alone_and_nothing_of_ours(place: Places) -> None:
    all_of(place)
    put(manifest_of(place, "edge"), THEIRS)
    changes = {one.browser.name: one.change for one in uninstall(place, BROWSERS, scope="user")}
    assert (changes["edge"], changes["chromium"]) == ("other", "removed")
    assert [path for path in everything(place) if "webeid" not in path] == []
    assert {one.change for one in uninstall(place, BROWSERS, scope="user")} == {"none", "other"}


def test_the_program_stays_while_one_browser_still_needs_it(place: Places) -> None:
    all_of(place)
    uninstall(place, [BY_NAME["chromium"]], scope="user")
    assert place.launcher("user").exists()
    uninstall(place, BROWSERS, scope="user")
    assert not place.launcher("user").exists()


def test_an_interrupted_writing_leaves_the_file_as_it_was(
    place: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_of(place)
    before = everything(place)

    def fail(_descriptor: int) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr(installing.os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        install(place, BROWSERS, scope="user", launcher="#!/bin/sh\nexec false\n")
    assert everything(place) == before


def test_nobody_else_may_write_what_was_installed(place: Places) -> None:
    before = os.umask(0)
    try:
        all_of(place)
    finally:
        os.umask(before)
    for path in (manifest_of(place, "chromium"), place.launcher("user")):
        assert path.stat().st_mode & 0o022 == 0


# --- inspecting --------------------------------------------------------------------------------


def seen(
    place: Places, name: str = "chromium", hello: Callable[[Path], str | None] | None = None
) -> FoundBrowser:
    found = inspect(place, which=lambda _: None, hello=hello or (lambda _: "2.0.0"))
    return next(one for one in found if one.browser.name == name)


def use(place: Places, name: str = "chromium") -> None:
    place._own(BY_NAME[name]).mkdir(parents=True)


def test_only_browsers_that_are_here_are_told_of(place: Places) -> None:
    assert inspect(place, which=lambda _: None, hello=lambda _: None) == ()
    use(place)
    assert seen(place).problems == ("not_installed",)
    if place.platform == "linux":
        found = inspect(place, which=lambda name: f"/usr/bin/{name}", hello=lambda _: None)
        assert len(found) == len(BROWSERS)


def test_a_working_installation_has_no_problem_and_says_its_version(place: Places) -> None:
    use(place)
    all_of(place)
    found = seen(place)
    assert (found.problems, found.version) == ((), "2.0.0")
    assert found.read is not None
    assert found.read.scope == "user"


def spoil(place: Places, what: str) -> None:
    program, path = place.launcher("user"), manifest_of(place, "chromium")
    match what:
        case "program_missing":
            program.unlink()
        case "program_not_executable":
            program.chmod(0o644)
        case "program_unsafe":
            program.chmod(0o777)
        case "interpreter_missing":
            program.write_text(script(Path("/nowhere/python3"), ()))
        case "manifest_damaged":
            path.write_text("{")
        case "another_program":
            put(path, THEIRS)


@pytest.mark.parametrize(
    "what",
    [
        "program_missing",
        "program_not_executable",
        "program_unsafe",
        "interpreter_missing",
        "manifest_damaged",
        "another_program",
    ],
)
def test_what_keeps_the_host_from_starting_is_named_and_nothing_is_started(
    place: Places, what: str
) -> None:
    use(place)
    install(place, [BY_NAME["chromium"]], scope="user", launcher=LAUNCHER)
    spoil(place, what)
    started: list[Path] = []
    found = seen(place, hello=lambda program: started.append(program) or None)  # type: ignore[func-returns-value] # it notes
    assert found.problems == (what,)
    assert started == []


def test_a_host_that_starts_and_stays_silent_is_told_of(place: Places) -> None:
    use(place)
    all_of(place)
    assert seen(place, hello=lambda _: None).problems == ("host_silent",)


def test_a_persons_own_manifest_hides_the_one_for_everybody(place: Places) -> None:
    use(place)
    all_of(place, scope="system")
    assert seen(place).problems == ()
    put(manifest_of(place, "chromium"), THEIRS)
    assert seen(place).problems == ("hidden_by_another",)


def test_a_browser_in_a_sandbox_is_told_of(tmp_path: Path) -> None:
    place = places("linux", {}, tmp_path)
    (tmp_path / "snap" / "chromium").mkdir(parents=True)
    assert seen(place).problems == ("sandboxed",)


# --- the program -------------------------------------------------------------------------------


def test_the_program_keeps_every_option_as_one_word() -> None:
    text = script(Path("/opt/my python/bin/python3"), ("--cards", "/home/an/my 'cards' $HOME"))
    assert interpreter_of(text) == Path("/opt/my python/bin/python3")
    assert "'/home/an/my '" in text
    assert interpreter_of("#!/bin/sh\nrm -rf /\n") is None


@pytest.mark.parametrize(
    "body", ["exit 1", "true", "printf 'noise'", "printf '\\005\\000\\000\\000[1,2]'"]
)
def test_a_program_that_says_no_version_is_silent(tmp_path: Path, body: str) -> None:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    assert hello_of(program) is None
    assert hello_of(tmp_path / "nothing") is None


# --- the commands ------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "LC_ALL", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr("cardreader.agent.install_cli.sys.platform", "linux")
    monkeypatch.setattr("cardreader.agent.install_cli.shutil.which", lambda _: None)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(agent, words)


def test_install_status_and_uninstall_tell_the_same_story(home: Path) -> None:
    (home / ".config" / "chromium").mkdir(parents=True)
    before = run("status", "--json")
    assert before.exit_code == 1
    assert json.loads(before.output)[0]["problems"] == ["not_installed"]
    done = json.loads(run("install", "--json").output)
    assert [(one["browser"], one["change"]) for one in done] == [("chromium", "written")]
    assert json.loads(run("install", "--json").output)[0]["change"] == "unchanged"
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
