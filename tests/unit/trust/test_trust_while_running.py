"""The trust folder is replaced as a whole while the provider runs, or not at all (F-O06)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from cardreader.errors import CertificateUntrusted, TokenRefused
from cardreader.trust import TrustChange, WatchedAnchors
from cardreader.trust.anchors import TrustMalformed
from tests.world import tokens
from tests.world.tokens import Provider

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cardreader import trust


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Watch:
    """A folder that is watched, with the clock in the test's hand."""

    def __init__(self, folder: Path) -> None:
        tokens.country().write_trust(folder)
        self.file = folder / "trust.toml"
        self.clock = Clock()
        self.told: list[TrustChange] = []
        self.anchors = WatchedAnchors(
            folder, monotonic=self.clock, report=self.told.append, allow_simulated=True
        )

    def move_in(self, change: Callable[[str], str]) -> None:
        """Replace trust.toml by rename, as an operator's tool does."""
        fresh = self.file.with_name("trust.toml.new")
        fresh.write_text(change(self.file.read_text()))
        fresh.replace(self.file)

    def later(self) -> trust.TrustAnchors:
        self.clock.seconds += 6
        return self.anchors()


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


def without_the_old_root(text: str) -> str:
    return "[[".join(part for part in text.split("[[") if "-old" not in part)


def test_an_untouched_folder_is_read_once(watch: Watch) -> None:
    first = watch.anchors()
    assert watch.later() is first
    assert watch.told == []


def test_a_new_trust_replaces_the_old_one_at_the_next_look(watch: Watch) -> None:
    first = watch.anchors()
    watch.move_in(without_the_old_root)
    assert watch.anchors() is first
    assert [root.label for root in watch.later().roots] == ["root-new"]
    assert watch.told == [TrustChange(outcome="replaced", detail="2 CAs under root-new")]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[: len(text) // 2],
        lambda _: "",
        lambda text: text.replace('sha256 = "', 'sha256 = "0', 1),
        lambda text: text.replace("root-new.pem", "absent.pem"),
    ],
)
def test_a_malformed_trust_keeps_the_old_one_and_is_told_once(
    watch: Watch, change: Callable[[str], str]
) -> None:
    first, good = watch.anchors(), watch.file.read_text()
    watch.move_in(change)
    assert watch.later() is first
    assert watch.later() is first
    assert [told.outcome for told in watch.told] == ["kept"]
    watch.move_in(lambda _: good)
    assert watch.later() is not first
    assert [told.outcome for told in watch.told] == ["kept", "replaced"]


def test_a_folder_that_vanishes_takes_no_trust_with_it(watch: Watch) -> None:
    first = watch.anchors()
    watch.file.unlink()
    assert watch.later() is first
    assert watch.told[0].outcome == "kept"


def test_a_certificate_that_comes_late_completes_the_change(watch: Watch, tmp_path: Path) -> None:
    pem = tmp_path / "root-new.pem"
    kept = pem.read_bytes()
    pem.unlink()
    watch.move_in(lambda text: text + "\n")
    watch.later()
    pem.write_bytes(kept)
    watch.later()
    assert [told.outcome for told in watch.told] == ["kept", "replaced"]


def test_a_provider_does_not_start_with_a_malformed_trust(tmp_path: Path) -> None:
    (tmp_path / "trust.toml").write_text("x")
    with pytest.raises(TrustMalformed):
        WatchedAnchors(tmp_path, monotonic=Clock(), report=lambda _: None)


def test_a_root_that_is_taken_away_refuses_its_cards_at_the_next_login(watch: Watch) -> None:
    provider = Provider(trusted=watch.anchors)
    assert provider.card("citizen-old", "rsa-2048").issuer == "citizen-old"
    watch.move_in(without_the_old_root)
    watch.clock.seconds += 6
    with pytest.raises(TokenRefused) as refused:
        provider.card("citizen-old", "rsa-2048")
    assert isinstance(refused.value, CertificateUntrusted) or "policy" in str(refused.value)
    assert provider.card().issuer == "citizen-new"


def test_readers_never_see_half_a_change(watch: Watch) -> None:
    whole = {("root-new", "root-old"), ("root-new",)}
    good = watch.file.read_text()
    stop = threading.Event()

    def look() -> set[tuple[str, ...]]:
        seen = set()
        while not stop.is_set():
            seen.add(tuple(root.label for root in watch.anchors().roots))
        return seen

    with ThreadPoolExecutor(3) as pool:
        lookers = [pool.submit(look) for _ in range(3)]
        for turn in range(8):
            watch.move_in(without_the_old_root if turn % 2 else lambda _: good)
            watch.clock.seconds += 6
            watch.anchors()
        stop.set()
        assert set().union(*(looker.result() for looker in lookers)) <= whole
