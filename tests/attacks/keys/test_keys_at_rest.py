"""Whoever holds the database, a log or a traceback, but not the key-encryption key, holds nothing.

KEY-04 of the catalogue: encrypted at rest, a wrong key refuses to start and never makes another.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
import traceback
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.config import Settings
from idp.foundation import found_keys, lay
from idp.runtime import system_monotonic
from keys.errors import KekMissing, KekWrong, KeysError, RingTampered, RootLost
from keys.ports import State
from tests.contract.store.stand_ins import Clock, a_person
from tests.services.ledgers import put_ledger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PRIVATE = (b"PRIVATE KEY", b"\x30\x81\x87\x02\x01\x00", b'"d"', b'"p"', b'"q"')
"""How private keys begin, in PEM, PKCS #8 (P-256) and JWK."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(
        environment="test",
        issuer="http://localhost:8400",
        stores={
            "ledger": f"sqlite:///{tmp_path}/ledger.sqlite",
            "ephemeral": f"sqlite:///{tmp_path}/ephemeral.sqlite",
        },
        keys={"kek_file": tmp_path / "kek"},
    )
    put_ledger(made.stores.ledger)
    found_keys(made, **parts(), by="setup")
    return made


def parts() -> dict[str, Any]:
    return {"now": Clock(), "monotonic": system_monotonic, "entropy": secrets.token_bytes}


def starts(settings: Settings) -> tuple[Callable[[], object], ...]:
    """Give the two ways in: a role that starts, and setup run again."""
    return (
        lambda: lay(settings, **parts()),
        lambda: found_keys(settings, **parts(), by="setup"),
    )


def rows(settings: Settings, statement: str) -> list[Any]:
    path = settings.stores.ledger.removeprefix("sqlite:///")
    with sqlite3.connect(path) as file:
        found = file.execute(statement).fetchall()
    file.close()
    return found


def everything(tmp_path: Path) -> bytes:
    return b"".join(
        file.read_bytes() for file in tmp_path.iterdir() if file.is_file() and file.name != "kek"
    )


def test_nothing_on_disk_holds_a_private_key_or_the_root(
    settings: Settings, tmp_path: Path
) -> None:
    foundation = lay(settings, **parts())
    foundation.ring.rotate(by="operator")
    private = foundation.ring.signer()._key.private_key
    secret = private.private_numbers().private_value.to_bytes(32)  # type: ignore[union-attr]
    foundation.close()
    kek = bytes.fromhex((tmp_path / "kek").read_text())
    found = everything(tmp_path)
    for needle in (*PRIVATE, secret, secret.hex().encode(), kek, kek.hex().encode()):
        assert needle not in found


def test_another_key_encryption_key_starts_nothing_and_makes_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    before = rows(settings, "SELECT * FROM key_roots"), rows(settings, "SELECT * FROM signing_keys")
    (tmp_path / "kek").write_text(secrets.token_hex(32))
    for start in starts(settings):
        with pytest.raises(KekWrong):
            start()
    after = rows(settings, "SELECT * FROM key_roots"), rows(settings, "SELECT * FROM signing_keys")
    assert after == before


def test_a_missing_key_encryption_key_is_not_made_again(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "kek").unlink()
    for start in starts(settings):
        with pytest.raises(KekMissing):
            start()
    assert not (tmp_path / "kek").exists()


def test_a_missing_root_is_not_made_again(settings: Settings) -> None:
    rows(settings, "DELETE FROM key_roots")
    for start in starts(settings):
        with pytest.raises(RootLost):
            start()
    assert rows(settings, "SELECT * FROM key_roots") == []


def test_keys_that_vanished_are_not_made_again(settings: Settings) -> None:
    rows(settings, "DELETE FROM signing_keys")
    foundation = lay(settings, **parts())
    for start in (
        foundation.ring.signer,
        lambda: foundation.ring.advance(by="housekeeper"),
        lambda: found_keys(settings, **parts(), by="x"),
    ):
        with pytest.raises(RingTampered):
            start()
    foundation.close()
    assert rows(settings, "SELECT * FROM signing_keys") == []


@pytest.mark.parametrize(
    "attack",
    [
        # The attacker's own key in the place of ours is not sealed; ours under another name is.
        "UPDATE signing_keys SET sealed = randomblob(180)",
        "UPDATE signing_keys SET sealed = (SELECT min(sealed) FROM signing_keys)",
        "UPDATE signing_keys SET state = iif(state = 'signing', 'announced', 'signing')",
        "UPDATE signing_keys SET algorithm = 'RS256'",
        (
            "INSERT INTO signing_keys SELECT 'mine', algorithm, state, announced_at, signing_at, "
            "retiring_at, retired_at, generation, sealed FROM signing_keys LIMIT 1"
        ),
    ],
)
def test_swapped_moved_and_added_rows_are_found(settings: Settings, attack: str) -> None:
    foundation = lay(settings, **parts())
    foundation.ring.rotate(by="operator")
    foundation.close()
    rows(settings, attack)
    foundation = lay(settings, **parts())
    with pytest.raises(RingTampered):
        foundation.ring.signer()
    foundation.close()


def test_a_person_s_row_moved_to_another_person_does_not_open(settings: Settings) -> None:
    foundation = lay(settings, **parts())
    with foundation.ledger.begin() as unit:
        unit.people.add(a_person("an", "85073003328"))
        unit.people.add(a_person("bo", "85073003427"))
    rows(
        settings,
        "UPDATE people SET attributes = (SELECT attributes FROM people WHERE id = 'bo') "
        "WHERE id = 'an'",
    )
    with foundation.ledger.read() as unit:
        assert unit.people.get(a_person("bo").id) is not None
        with pytest.raises(Exception, match="unavailable"):
            unit.people.get(a_person("an").id)
    foundation.close()


def test_no_print_log_or_traceback_shows_a_secret(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    foundation = lay(settings, **parts())
    signer = foundation.ring.signer()
    shown = [repr(foundation), repr(signer), repr(foundation.ring.list())]
    (tmp_path / "kek").write_text("ab" * 31)
    try:
        lay(settings, **parts())
    except KeysError:
        shown.append(traceback.format_exc())
    foundation.close()
    text = "\n".join([*shown, caplog.text])
    private = signer._key.private_key
    value = private.private_numbers().private_value  # type: ignore[union-attr]
    for secret in (str(value), f"{value:x}", "abab", "PRIVATE KEY"):
        assert secret not in text


def test_each_purpose_has_its_own_key(settings: Settings) -> None:
    """KEY-12: what signs tokens signs nothing else, and no two purposes share a secret."""
    foundation = lay(settings, **parts())
    names = ("audit-head", "form", "binding", "nonce", "people", "grants")
    secrets_of = {foundation.vault.derive(name) for name in names}
    secrets_of |= {foundation.vault.fingerprint(name, b"") for name in names}
    assert len(secrets_of) == 2 * len(names)
    assert foundation.audit_signer.public_jwk()["x"] not in foundation.ring.jwks().body.decode()
    foundation.close()


def test_jwks_never_has_a_private_member_whatever_the_ring_went_through(
    settings: Settings,
) -> None:
    foundation = lay(settings, **parts())
    ring, clock = foundation.ring, foundation.now
    for _ in range(3):
        ring.rotate(by="operator")
        clock.move(timedelta(minutes=20))  # type: ignore[attr-defined]
        ring.advance(by="housekeeper")
        body = ring.jwks().body
        assert not any(needle in body for needle in PRIVATE)
    assert [key.state for key in ring.list()].count(State.SIGNING) == 1
    foundation.close()
