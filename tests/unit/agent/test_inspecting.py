"""What keeps a browser from starting the agent is found and named; nothing unsafe is started."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cardreader.agent.browsers import (
    BROWSERS,
    BY_NAME,
    Places,
    places,
)
from cardreader.agent.inspecting import inspect
from cardreader.agent.installing import install
from cardreader.agent.launcher import hello_of, interpreter_of, script
from tests.unit.agent.installation import LAUNCHER, THEIRS, all_of, manifest_of, put

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardreader.agent.inspecting import FoundBrowser


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
