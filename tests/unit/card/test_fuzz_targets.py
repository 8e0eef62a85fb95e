"""What ``make fuzz`` runs for minutes, tried once with every seed; its faults are really faults."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.fuzz.engine import EngineMissing, open_engine
from tests.fuzz.pieces import join, split
from tests.fuzz.planted import PLANTED, careless_field
from tests.fuzz.seeds import NOW, harvest
from tests.fuzz.targets import targets
from tests.world import cards

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fuzz.targets import Target

NAMES = (
    "tlv",
    "card-files",
    "exchange",
    "hostile-card",
    "meddled-card",
    "software-card",
    "certificate",
    "token",
    "card-answer",
    "identity-files",
    "ocsp",
    "crl",
)


@pytest.fixture(scope="module")
def all_targets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Target]:
    folder = tmp_path_factory.mktemp("country")
    world = cards.copied(folder, base_url="http://127.0.0.1:8405", at=NOW)
    return {target.name: target for target in targets(harvest(world))}


def test_every_target_is_tried_here(all_targets: dict[str, Target]) -> None:
    assert tuple(all_targets) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_seeds_and_bent_seeds_find_nothing(all_targets: dict[str, Target], name: str) -> None:
    target = all_targets[name]
    assert target.seeds
    for seed in target.seeds:
        middle = len(seed) // 2
        for data in (seed, seed[:middle], seed[:middle] + b"\xff\0" + seed[middle + 1 :], b""):
            target.run(data)


def test_pieces_come_back_and_any_bytes_are_pieces() -> None:
    parts = [b"", b"a", bytes(300)]
    assert split(join(parts)) == parts
    assert split(b"\0\5ab") == [b"ab"]
    assert len(split(bytes(1000))) == 64


def test_the_planted_exception_is_one_and_its_seeds_are_harmless() -> None:
    (planted,) = [one for one in PLANTED if one.sign == "exception"]
    with pytest.raises(IndexError):
        careless_field(planted.finding)
    for one in PLANTED:
        for seed in one.seeds:
            one.run(seed)


def test_where_the_engine_does_not_run_it_is_said_where_it_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(name: str, *_: Any) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(
        EngineMissing, match=r"CPython 3.11 to 3.13 on Linux x86_64; this is Python"
    ):
        open_engine(tmp_path)
