"""Copies of the embedded pair: made in use, put back alone, never letting the past back in."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from idp.store.embedded.backup import (
    EPHEMERAL,
    LEDGER,
    MANIFEST,
    BackupRefused,
    backup,
    read_manifest,
    restore,
)
from idp.store.opening import open_ephemeral, open_ledger
from idp.store.ports import AlreadySpent, StoreUnavailable
from idp.store.sql.migrate import upgrade
from tests.contract.store.stand_ins import MINUTE, START, Clock, TestVault, a_client, a_person

if TYPE_CHECKING:
    from idp.store.ports import Ledger
    from idp.store.short_lived import Ephemeral


@dataclass(frozen=True)
class Place:
    """Where one embedded pair and its copies live."""

    folder: Path

    @property
    def ledger(self) -> str:
        return f"sqlite:///{self.folder}/ledger.sqlite"

    @property
    def ephemeral(self) -> str:
        return f"sqlite:///{self.folder}/ephemeral.sqlite"

    @property
    def copy(self) -> Path:
        return self.folder / "copies" / "monday"

    def open(self) -> tuple[Ledger, Ephemeral]:
        return (
            open_ledger(self.ledger, TestVault(), now=Clock(), entropy=secrets.token_bytes),
            open_ephemeral(self.ephemeral, now=Clock(), entropy=secrets.token_bytes),
        )

    def start(self) -> None:
        """Make both files, as a first start does, and let them go."""
        for store in self.open():
            store.close()

    def back_up(self) -> None:
        backup(ledger=self.ledger, ephemeral=self.ephemeral, folder=self.copy, at=START)

    def put_back(self) -> int:
        return restore(folder=self.copy, ledger=self.ledger, ephemeral=self.ephemeral, at=START)


def epoch_of(place: Place) -> int:
    ledger, ephemeral = place.open()
    with ledger.read() as unit:
        epoch = unit.epoch()
    ledger.close()
    ephemeral.close()
    return epoch


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    upgrade(made.ledger)
    return made


def test_what_was_committed_before_the_copy_is_back_and_what_came_after_is_not(
    place: Place,
) -> None:
    ledger, ephemeral = place.open()
    with ledger.begin() as unit:
        unit.people.add(a_person())
        unit.spend("before", "1", until=START)
    ephemeral.put("login", b"open", lasts=MINUTE)
    generation = ephemeral.generation()
    place.back_up()
    with ledger.begin() as unit:
        unit.clients.add(a_client())
    ledger.close()
    ephemeral.close()

    assert place.put_back() == 2

    ledger, ephemeral = place.open()
    with ledger.begin() as unit:
        assert unit.people.get(a_person().id) == a_person()
        assert unit.clients.get(a_client().id) is None
        assert unit.epoch() == 2
        with pytest.raises(AlreadySpent):
            unit.spend("before", "1", until=START)
    assert ephemeral.get("login") is None
    assert ephemeral.generation() != generation
    ledger.close()
    ephemeral.close()


def test_every_restore_of_one_copy_starts_an_epoch_that_was_never_used(place: Place) -> None:
    place.start()
    place.back_up()
    assert [place.put_back() for _ in range(3)] == [2, 3, 4]


def test_a_copy_is_put_where_there_was_nothing(place: Place, tmp_path: Path) -> None:
    place.start()
    place.back_up()
    elsewhere = Place(tmp_path / "new")
    epoch = restore(
        folder=place.copy, ledger=elsewhere.ledger, ephemeral=elsewhere.ephemeral, at=START
    )
    assert epoch == 2
    assert epoch_of(elsewhere) == 2


def test_a_copy_belongs_to_its_owner_alone(place: Place) -> None:
    place.start()
    place.back_up()
    assert place.copy.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in place.copy.iterdir()} == {
        "ledger.sqlite",
        "ephemeral.sqlite",
        "manifest.json",
    }
    assert read_manifest(place.copy).made_at == START
    assert list(place.copy.parent.iterdir()) == [place.copy]


def test_nothing_is_put_back_while_somebody_uses_the_ledger(place: Place) -> None:
    ledger, ephemeral = place.open()
    place.back_up()
    with pytest.raises(StoreUnavailable):
        place.put_back()
    with ledger.read() as unit:
        assert unit.epoch() == 1
    ledger.close()
    ephemeral.close()
    assert place.put_back() == 2


def test_an_existing_folder_is_never_overwritten(place: Place) -> None:
    place.start()
    place.back_up()
    with pytest.raises(BackupRefused, match="new folder"):
        place.back_up()


def test_a_store_that_is_not_there_leaves_no_half_copy(place: Place) -> None:
    with pytest.raises(StoreUnavailable):
        place.back_up()
    assert not place.copy.exists()
    assert list(place.copy.parent.iterdir()) == []


@pytest.mark.parametrize("damage", ["ledger.sqlite", "ephemeral.sqlite", "manifest.json"])
def test_a_damaged_copy_is_refused_and_changes_nothing(place: Place, damage: str) -> None:
    place.start()
    place.back_up()
    target = place.copy / damage
    target.write_bytes(target.read_bytes()[:-1])
    if damage == "manifest.json":
        target.write_bytes(target.read_bytes()[:-5])
    with pytest.raises(BackupRefused):
        place.put_back()
    assert epoch_of(place) == 1


def test_a_manifest_that_names_other_files_is_refused(place: Place) -> None:
    place.start()
    place.back_up()
    manifest = place.copy / "manifest.json"
    content = json.loads(manifest.read_text())
    content["files"] = {"../ledger.sqlite": content["files"]["ledger.sqlite"]}
    manifest.write_text(json.dumps(content))
    with pytest.raises(BackupRefused):
        place.put_back()


@pytest.mark.parametrize(
    ("ledger", "ephemeral"),
    [("postgresql://h/d", "sqlite:///e"), ("sqlite:///l", "redis://h"), ("sqlite:///l", "memory:")],
)
def test_only_the_embedded_pair_is_copied(place: Place, ledger: str, ephemeral: str) -> None:
    with pytest.raises(BackupRefused, match="pg_dump"):
        backup(ledger=ledger, ephemeral=ephemeral, folder=place.copy, at=START)


def test_others_cannot_read_a_copied_store_wherever_it_goes(place: Place) -> None:
    place.start()
    place.back_up()
    stores = sorted(place.copy.glob("*.sqlite"))
    assert len(stores) == 2
    assert [path.stat().st_mode & 0o777 for path in stores] == [0o600, 0o600]


def test_a_copy_is_its_owners_alone_file_by_file(place: Place) -> None:
    """Whoever moves a copy elsewhere takes the files' modes along, not the folder's."""
    place.start()
    place.back_up()
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.copy.iterdir()}
    assert found == dict.fromkeys((LEDGER, EPHEMERAL, MANIFEST), 0o600)
    assert stat.S_IMODE(place.copy.stat().st_mode) == 0o700


def test_a_store_that_is_put_back_is_never_readable_by_others(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.start()
    place.back_up()
    seen: list[int] = []
    copied = shutil.copyfileobj

    def watched(source: Any, target: Any, *rest: Any) -> None:
        seen.append(stat.S_IMODE(os.fstat(target.fileno()).st_mode))
        copied(source, target, *rest)

    monkeypatch.setattr(shutil, "copyfileobj", watched)
    place.put_back()
    assert seen == [0o600]
