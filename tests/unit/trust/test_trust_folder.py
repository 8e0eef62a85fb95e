"""The trust folder: what `load` takes, and what makes a provider refuse to start."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes

from cardreader import trust
from cardreader.sim.pki import Country
from cardreader.trust.anchors import TrustMalformed
from tests.world import tokens
from tests.world.tokens import NOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_the_folder_that_the_country_writes_is_loaded(tmp_path: Path) -> None:
    tokens.country().write_trust(tmp_path)
    anchors = trust.load(tmp_path, allow_simulated=True)
    declared = tokens.country().declaration
    assert [(ca.label, [root.label for root in ca.roots]) for ca in anchors.cas] == [
        (ca.label, [ca.root]) for ca in declared.cas
    ]
    assert [root.label for root in anchors.roots] == ["root-new", "root-old"]
    assert [path.name for path in tmp_path.iterdir() if "key" in path.name] == []


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("nonce =", "nonse ="),
        lambda text: text.replace('sha256 = "', 'sha256 = "00', 1),
        lambda text: text.replace('file = "root-new.pem"', 'file = "root-old.pem"'),
        lambda text: text.replace('file = "root-new.pem"', 'file = "../root-new.pem"'),
        lambda text: text.replace("[[root]]", "[[roots]]"),
        lambda text: text[text.index("[[ca]]") :],
        lambda text: text[: text.index("[[ca]]")],
        lambda text: text + "x",
        lambda text: text.replace("ocsp = [", "ocsp = []#").replace("crl = [", "crl = []#"),
        lambda text: text.replace("2.16.56.13.6.2.1.1000", "2.16.56.13.6.1.1.1000"),
    ],
)
def test_a_folder_that_says_something_else_is_refused(
    tmp_path: Path, change: Callable[[str], str]
) -> None:
    tokens.country().write_trust(tmp_path)
    file = tmp_path / "trust.toml"
    changed = change(file.read_text())
    assert changed != file.read_text()
    file.write_text(changed)
    with pytest.raises(TrustMalformed):
        trust.load(tmp_path, allow_simulated=True)


@pytest.mark.parametrize("word", ["true", '"yes"', "1"])
def test_a_simulated_root_is_refused_unless_it_is_allowed(tmp_path: Path, word: str) -> None:
    tokens.country().write_trust(tmp_path)
    file = tmp_path / "trust.toml"
    file.write_text(file.read_text().replace("simulated = true", f"simulated = {word}"))
    with pytest.raises(TrustMalformed, match="simulated root"):
        trust.load(tmp_path)


def test_a_ca_under_no_pinned_root_is_refused(tmp_path: Path) -> None:
    tokens.country().write_trust(tmp_path)
    text = (tmp_path / "trust.toml").read_text()
    parts = text.split("[[")
    kept = [part for part in parts if 'label = "root-old"' not in part]
    (tmp_path / "trust.toml").write_text("[[".join(kept))
    with pytest.raises(TrustMalformed, match="none of the roots"):
        trust.load(tmp_path, allow_simulated=True)


def test_a_country_is_kept_and_read_again_with_its_revocations(tmp_path: Path) -> None:
    tokens.country().write(tmp_path)
    first, second = Country.read(tmp_path), Country.read(tmp_path)
    made = first.issue(tokens.request())
    serial = made.authentication.serial_number
    assert second.status("citizen-new", serial, at=NOW) is None
    first.revoke(serial, at=NOW)
    assert second.status("citizen-new", serial, at=NOW) is not None
    assert made.issuer.fingerprint(hashes.SHA256()) == tokens.country().certificate(
        "citizen-new"
    ).fingerprint(hashes.SHA256())
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o600}
