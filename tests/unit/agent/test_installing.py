"""``sesame agent install`` and ``uninstall``: whose files, where, and nobody else's."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cardreader.agent import installing
from cardreader.agent.browsers import (
    BROWSERS,
    BY_NAME,
    SCOPES,
    Places,
    PlatformUnsupported,
    Scope,
    places,
)
from cardreader.agent.installing import ManifestOfAnother, install, uninstall, whose
from cardreader.agent.manifest import OFFICIAL, ExtensionIdMalformed
from tests.unit.agent.installation import LAUNCHER, THEIRS, all_of, everything, manifest_of, put


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
