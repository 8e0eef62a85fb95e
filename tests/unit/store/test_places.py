"""Files of networks: refused at the start, replaced while we run, kept when a new one is broken."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from idp.config import Settings
from idp.domain.places import Nowhere
from idp.store import places as files
from idp.store.places import PlacesUnreadable, open_places
from tests.services.mmdb import write_mmdb

if TYPE_CHECKING:
    from pathlib import Path

BE, NL = {"country": {"iso_code": "BE"}}, {"country": {"iso_code": "NL"}}
HERE = "192.0.2.7"
NETWORK = "192.0.2.0/24"


class Ticks:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def settings(**networks: Any) -> Settings:
    return Settings(issuer="https://login.example", networks=networks)


def opened(**networks: Any) -> Any:
    return open_places(settings(**networks), monotonic=Ticks())


def test_without_a_file_nothing_is_known_and_no_library_is_needed() -> None:
    assert isinstance(opened(), Nowhere)
    command = "import idp.store.places, sys; sys.exit('maxminddb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0


def test_the_library_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "maxminddb", None)
    path = write_mmdb(tmp_path / "c.mmdb", {NETWORK: BE})
    with pytest.raises(PlacesUnreadable, match=r"networks\.countries: the library .*geo\.txt"):
        opened(countries=path)


def test_a_file_that_is_missing_is_named_and_so_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(PlacesUnreadable, match=r"networks\.countries: .*gone\.mmdb: No such file"):
        opened(countries=tmp_path / "gone.mmdb")
    with pytest.raises(PlacesUnreadable, match=r"networks\.countries: .*: Is a directory"):
        opened(countries=tmp_path)


@pytest.mark.parametrize("content", [b"", b"no database", b"\xab\xcd\xefMaxMind.com\xff"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c.mmdb"
    path.write_bytes(content)
    with pytest.raises(PlacesUnreadable, match=r"networks\.countries: .*no readable MaxMind DB"):
        opened(countries=path)


def test_a_file_that_is_cut_off_anywhere_is_refused_or_knows_nothing_wrong(tmp_path: Path) -> None:
    whole = write_mmdb(tmp_path / "whole.mmdb", {NETWORK: BE}).read_bytes()
    for end in range(0, len(whole), 97):
        path = tmp_path / "cut.mmdb"
        for part in (whole[:end], whole[end + 1 :]):
            path.write_bytes(part)
            try:
                found = opened(countries=path).country(HERE)
            except PlacesUnreadable:
                continue
            assert found in {None, "BE"}, end


def test_a_database_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = write_mmdb(tmp_path / "asn.mmdb", {NETWORK: {"autonomous_system_number": 64500}})
    with pytest.raises(PlacesUnreadable, match=r"asn\.mmdb: holds nothing of the kind"):
        opened(countries=path)


def test_numbers_of_hosting_networks_need_the_file_they_are_looked_up_in() -> None:
    with pytest.raises(PlacesUnreadable, match=r"networks\.asn: name the file"):
        opened(hosting=(64500,))


def test_a_file_that_was_moved_into_place_is_read_within_seconds(tmp_path: Path) -> None:
    path, ticks = write_mmdb(tmp_path / "c.mmdb", {NETWORK: BE}), Ticks()
    places = open_places(settings(countries=path), monotonic=ticks)
    assert places.country(HERE) == "BE"
    write_mmdb(tmp_path / "new.mmdb", {NETWORK: NL}).replace(path)
    ticks.at = 4.9
    assert places.country(HERE) == "BE"
    ticks.at = 5.0
    assert places.country(HERE) == "NL"


@pytest.mark.parametrize("gone", [True, False])
def test_the_old_file_stands_until_a_new_one_is_whole_and_it_is_said_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    gone: bool,  # noqa: FBT001
) -> None:
    told: list[str] = []
    monkeypatch.setattr(files.log, "write", lambda event, **_: told.append(event))
    path, ticks = write_mmdb(tmp_path / "c.mmdb", {NETWORK: BE}), Ticks()
    places = open_places(settings(countries=path), monotonic=ticks)
    if gone:
        path.unlink()
    else:
        path.write_bytes(b"half")  # overwritten in place, which we advise against
    for _ in range(3):
        ticks.at += 5
        assert places.country(HERE) == "BE"
    assert told == ["networks.kept"]
    write_mmdb(tmp_path / "new.mmdb", {NETWORK: NL}).replace(path)
    ticks.at += 5
    assert places.country(HERE) == "NL"
    assert told == ["networks.kept", "networks.replaced"]
