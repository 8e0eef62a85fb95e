"""The key-encryption key, the root it opens, and what the vault seals."""

from __future__ import annotations

import itertools
import pickle
import secrets
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.errors import (
    KekMalformed,
    KekMissing,
    KekUnsafe,
    KekWrong,
    KeysError,
    RootLost,
    SealBroken,
    VaultFounded,
    VaultUnfounded,
)
from keys.store import SealedVault, found, load_kek, make_kek, open_vault
from tests.unit.keys.rows import START, RootInMemory, a_vault

if TYPE_CHECKING:
    from collections.abc import Callable

KEK = bytes(range(32))


@pytest.fixture
def founded() -> RootInMemory:
    records = RootInMemory()
    found(records, KEK, entropy=secrets.token_bytes, now=lambda: START)
    return records


# --- the key-encryption key ---------------------------------------------------------------------


def test_a_key_encryption_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "kek"
    assert make_kek(file, entropy=lambda size: KEK[:size])
    assert file.stat().st_mode & 0o777 == 0o600
    assert load_kek(file) == KEK
    assert not make_kek(file, entropy=secrets.token_bytes)
    assert load_kek(file) == KEK


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o601])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "kek"
    make_kek(file, entropy=secrets.token_bytes)
    file.chmod(mode)
    with pytest.raises(KekUnsafe, match="chmod 600"):
        load_kek(file)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        KEK,
        KEK.hex().encode()[:-1],
        KEK.hex().encode() + b"0",
        KEK.hex().encode() + b"\n\n",
        b" " + KEK.hex().encode(),
        b"0x" + KEK.hex().encode()[2:],
        b"a" * 100_000,
    ],
)
def test_a_file_that_holds_something_else_is_refused_without_quoting_it(
    tmp_path: Path, text: bytes
) -> None:
    file = tmp_path / "kek"
    file.write_bytes(text)
    file.chmod(0o600)
    with pytest.raises(KekMalformed) as refused:
        load_kek(file)
    assert KEK.hex()[:8] not in str(refused.value)


def test_capital_digits_and_one_newline_are_accepted(tmp_path: Path) -> None:
    file = tmp_path / "kek"
    file.write_text(KEK.hex().upper() + "\n")
    file.chmod(0o400)
    assert load_kek(file) == KEK


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KekMissing, match="sesame setup"):
        load_kek(tmp_path / "none")
    with pytest.raises(KeysError):
        load_kek(tmp_path)


def test_a_system_credential_is_read_from_the_manager_s_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kek"
    file.write_text(KEK.hex())
    file.chmod(0o440)  # what the service manager's access list looks like
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert load_kek(Path("credential:kek")) == KEK
    file.chmod(0o444)
    with pytest.raises(KekUnsafe):
        load_kek(Path("credential:kek"))
    for name in ("credential:", "credential:..", "credential:a/../kek", "credential:none"):
        with pytest.raises(KekMissing):
            load_kek(Path(name))


def test_without_a_service_manager_there_is_no_credential_and_none_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(KekMissing, match="LoadCredential"):
        load_kek(Path("credential:kek"))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(KekMissing, match="service manager"):
        make_kek(Path("credential:kek"), entropy=secrets.token_bytes)
    assert list(tmp_path.iterdir()) == []


# --- the root -----------------------------------------------------------------------------------


def test_a_vault_is_founded_once(founded: RootInMemory) -> None:
    before = founded.held
    with pytest.raises(VaultFounded):
        found(founded, KEK, entropy=secrets.token_bytes, now=lambda: START)
    assert founded.held == before


def test_an_unfounded_vault_is_not_opened(founded: RootInMemory) -> None:
    del founded
    with pytest.raises(VaultUnfounded, match="sesame setup"):
        open_vault(RootInMemory(), KEK, entropy=secrets.token_bytes)


def test_a_root_that_is_gone_while_rows_need_it_is_never_replaced() -> None:
    records = RootInMemory()
    records.sealed_rows = True
    with pytest.raises(RootLost, match="backup"):
        open_vault(records, KEK, entropy=secrets.token_bytes)
    with pytest.raises(RootLost):
        found(records, KEK, entropy=secrets.token_bytes, now=lambda: START)
    assert records.held is None


def test_another_key_encryption_key_opens_nothing(founded: RootInMemory) -> None:
    with pytest.raises(KekWrong):
        open_vault(founded, KEK[::-1], entropy=secrets.token_bytes)


@pytest.mark.parametrize("change", [{"id": "other"}, {"version": 2}, {"sealed": b"\x01" * 80}])
def test_a_changed_root_row_is_found(founded: RootInMemory, change: dict[str, object]) -> None:
    assert founded.held is not None
    founded.held = replace(founded.held, **change)  # type: ignore[arg-type]
    with pytest.raises(KekWrong):
        open_vault(founded, KEK, entropy=secrets.token_bytes)


def test_a_vault_opened_twice_is_the_same_vault(founded: RootInMemory) -> None:
    first, second = (open_vault(founded, KEK, entropy=secrets.token_bytes) for _ in range(2))
    assert second.open("people", b"an", first.seal("people", b"an", b"Anna")) == b"Anna"
    assert first.fingerprint("audit", b"row") == second.fingerprint("audit", b"row")
    assert first.derive("audit-head") == second.derive("audit-head")


def test_two_deployments_share_nothing() -> None:
    one, other = a_vault(bytes(32)), a_vault(bytes(31) + b"\x01")
    assert one.derive("x") != other.derive("x")
    with pytest.raises(SealBroken):
        other.open("people", b"an", one.seal("people", b"an", b"Anna"))


# --- sealing ------------------------------------------------------------------------------------


@given(plaintext=st.binary(max_size=200), context=st.binary(max_size=40))
def test_what_is_sealed_opens_in_its_place_only(plaintext: bytes, context: bytes) -> None:
    vault = a_vault()
    sealed = vault.seal("people", context, plaintext)
    assert vault.open("people", context, sealed) == plaintext
    assert len(sealed) == len(plaintext) + 45
    for purpose, place in (("peopl", b"e" + context), ("grants", context), ("people", b"x")):
        if (purpose, place) != ("people", context):
            with pytest.raises(SealBroken):
                vault.open(purpose, place, sealed)


@given(st.data())
def test_any_changed_byte_is_found(data: st.DataObject) -> None:
    vault = a_vault()
    sealed = bytearray(vault.seal("people", b"an", b"Anna"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealBroken):
        vault.open("people", b"an", bytes(sealed))


@given(st.binary(max_size=60))
def test_what_was_never_sealed_does_not_open(value: bytes) -> None:
    with pytest.raises(SealBroken):
        a_vault().open("people", b"an", value)


def test_the_same_value_is_never_sealed_alike() -> None:
    vault = a_vault()
    assert vault.seal("people", b"an", b"Anna") != vault.seal("people", b"an", b"Anna")


def test_every_purpose_and_use_has_a_key_of_its_own() -> None:
    vault = a_vault()
    made: list[Callable[[str], bytes]] = [
        vault.derive,
        lambda purpose: vault.fingerprint(purpose, b""),
    ]
    values = [make(purpose) for make, purpose in itertools.product(made, ["a", "b", "ab"])]
    assert len(set(values)) == len(values)
    assert len(vault.derive("a", 57)) == 57


def test_a_vault_shows_nothing_and_does_not_travel() -> None:
    vault = a_vault(b"R" * 32)
    vault.seal("people", b"", b"")
    assert repr(vault) == "SealedVault()"
    with pytest.raises(TypeError):
        pickle.dumps(vault)
    assert isinstance(vault, SealedVault)
