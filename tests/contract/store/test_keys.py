"""Keys in the Ledger: one root, one ring under a generation, an audit row with each change.

The race is run by processes with rings of their own; its control turns the ring by looking first.
"""

from __future__ import annotations

import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.config import Settings
from idp.foundation import Founded, found_keys
from idp.store.opening import open_engine, open_sealed_ledger
from idp.store.ports import StoreUnavailable
from idp.store.sql.keys import RingRows, RootRows
from idp.store.sql.ledger import SqlLedger
from keys.errors import (
    KekWrong,
    RecordsUnavailable,
    RingMoved,
    RingTampered,
    RootLost,
    StepRefused,
    VaultFounded,
)
from keys.ports import KeyRecord, RootRecord, State
from keys.ring import KeyRing
from keys.states import RingPolicy
from keys.store import SealedVault, found, open_vault
from tests.contract.store.racing import open_store, winners_of_processes
from tests.contract.store.stand_ins import MINUTE, START, Clock, a_person
from tests.contract.store.test_sealed_columns import as_operator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from idp.store.ports import Ledger
    from idp.store.sql.engine import Engine

KEK = bytes(range(32))
ME = "operator:an"
ROUNDS = 40


def a_ring(ledger: Ledger) -> KeyRing:
    policy = RingPolicy(
        algorithms=("ES256",),
        announce=15 * MINUTE,
        signing=timedelta(days=90),
        retiring=11 * MINUTE,
        jwks_max_age=5 * MINUTE,
        reread=timedelta(0),
    )
    vault = SealedVault(bytes(32), entropy=secrets.token_bytes)
    return KeyRing(RingRows(ledger), vault, policy, now=Clock(), monotonic=lambda: 0.0)


def a_key(kid: str = "one", **changes: object) -> KeyRecord:
    values = {
        "kid": kid,
        "algorithm": "ES256",
        "state": State.SIGNING,
        "announced_at": START,
        "signing_at": START,
        "generation": 1,
        "sealed": b"\x00sealed\xff",
        **changes,
    }
    return KeyRecord(**values)  # type: ignore[arg-type]


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    opened = open_engine(ledger_url, now=Clock())
    yield opened
    opened.close()


# --- the rows -----------------------------------------------------------------------------------


def test_a_new_database_has_a_ring_that_never_was(ledger: Ledger) -> None:
    with ledger.read() as unit:
        snapshot = unit.keys.snapshot()
        assert unit.keys.generation() == 0
    assert (snapshot.generation, snapshot.seal, snapshot.keys) == (0, b"", ())


def test_what_is_written_is_read_as_of_one_moment(ledger: Ledger) -> None:
    keys = (
        a_key("one"),
        a_key(
            "two", state=State.RETIRED, retiring_at=START + MINUTE, retired_at=START + 2 * MINUTE
        ),
    )
    with ledger.begin() as unit:
        unit.keys.write(keys, expected=0, generation=1, seal=b"seal")
    with ledger.read() as unit:
        snapshot = unit.keys.snapshot()
    assert (snapshot.generation, snapshot.seal, snapshot.keys) == (1, b"seal", keys)


def test_a_row_is_replaced_but_keeps_what_never_changes(ledger: Ledger) -> None:
    with ledger.begin() as unit:
        unit.keys.write((a_key(),), expected=0, generation=1, seal=b"1")
    changed = a_key(state=State.RETIRING, retiring_at=START + MINUTE, sealed=b"x", generation=2)
    with ledger.begin() as unit:
        unit.keys.write(
            (replace(changed, announced_at=START + MINUTE),), expected=1, generation=2, seal=b"2"
        )
    with ledger.read() as unit:
        assert unit.keys.snapshot().keys == (changed,)


def test_a_ring_that_moved_takes_no_row_and_no_audit_row(ledger: Ledger) -> None:
    ring = a_ring(ledger)
    ring.begin(by=ME)
    with pytest.raises(RingMoved), ledger.begin() as unit:
        unit.keys.write((a_key("late"),), expected=0, generation=1, seal=b"")
    with ledger.read() as unit:
        assert len(unit.keys.snapshot().keys) == 1
        assert len(unit.audit.unsealed(limit=9)) == 1


def test_a_change_and_its_audit_rows_are_one_unit(ledger: Ledger) -> None:
    ring = a_ring(ledger)
    (first,) = ring.begin(by="setup")
    (second,) = ring.retire(first.kid, by=ME)[1:]
    with ledger.read() as unit:
        written = [json.loads(row.payload or b"") for row in unit.audit.unsealed(limit=9)]
    assert [(row["actor"], row["details"]["kid"], row["details"]["change"]) for row in written] == [
        ("setup", first.kid, "signing"),
        (ME, first.kid, "retired"),
        (ME, second.kid, "signing"),
    ]


def test_a_ring_is_the_same_after_the_database_was_closed(ledger: Ledger, ledger_url: str) -> None:
    ring = a_ring(ledger)
    ring.begin(by=ME)
    ring.rotate(by=ME)
    other = open_store("ledger", ledger_url)
    assert a_ring(other).list() == ring.list()
    assert a_ring(other).jwks() == ring.jwks()
    other.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE signing_keys SET state = 'retired'",
        "UPDATE signing_keys SET signing_at = signing_at - 1",
        "UPDATE signing_keys SET sealed = (SELECT sealed FROM key_roots)",
        "UPDATE key_ring SET generation = generation + 1",
        "DELETE FROM signing_keys WHERE state = 'announced'",
        "DELETE FROM signing_keys",
        "UPDATE key_ring SET generation = 0",
    ],
)
def test_what_an_operator_did_to_the_tables_is_found(
    ledger: Ledger, ledger_url: str, engine: Engine, change: str
) -> None:
    RootRows(engine).add_root(RootRecord(id="root", version=1, sealed=b"x", created_at=START))
    ring = a_ring(ledger)
    ring.begin(by=ME)
    ring.rotate(by=ME)
    as_operator(ledger_url, change)
    with pytest.raises(RingTampered):
        a_ring(ledger).signer()


def test_a_store_that_is_away_is_told_in_both_tongues(tmp_path: Path) -> None:
    away = SqlLedger(
        open_engine(f"sqlite:///{tmp_path}/none.sqlite", now=Clock()),
        SealedVault(bytes(32), entropy=secrets.token_bytes),
        entropy=secrets.token_bytes,
    )
    with pytest.raises(RecordsUnavailable) as told:
        a_ring(away).signer()
    assert isinstance(told.value, StoreUnavailable)
    away.close()


# --- the root -----------------------------------------------------------------------------------


def test_there_is_one_root(engine: Engine) -> None:
    rows = RootRows(engine)
    root = RootRecord(id="root", version=1, sealed=b"\x00\xff", created_at=START)
    assert rows.root() is None
    rows.add_root(root)
    with pytest.raises(VaultFounded):
        rows.add_root(replace(root, sealed=b"other"))
    assert rows.root() == root


def test_a_ledger_is_opened_by_the_root_that_lies_in_it(engine: Engine, ledger_url: str) -> None:
    found(RootRows(engine), KEK, entropy=secrets.token_bytes, now=Clock())

    def opened(kek: bytes) -> tuple[Ledger, SealedVault]:
        return open_sealed_ledger(
            ledger_url,
            lambda rows: open_vault(rows, kek, entropy=secrets.token_bytes),
            now=Clock(),
            entropy=secrets.token_bytes,
        )

    ledger, vault = opened(KEK)
    with ledger.begin() as unit:
        unit.people.add(a_person())
    ledger.close()
    ledger, again = opened(KEK)
    with ledger.read() as unit:
        assert unit.people.get(a_person().id) == a_person()
    ledger.close()
    assert again.derive("audit-head") == vault.derive("audit-head")
    with pytest.raises(KekWrong):
        opened(KEK[::-1])


@pytest.mark.parametrize("what", ["person", "audit", "key"])
def test_a_lost_root_is_told_from_a_new_deployment(
    ledger: Ledger, engine: Engine, what: str
) -> None:
    rows = RootRows(engine)
    assert not rows.anything_sealed()
    if what == "key":
        with ledger.begin() as unit:
            unit.keys.write((a_key(),), expected=0, generation=1, seal=b"")
    elif what == "audit":
        a_ring(ledger).begin(by=ME)
    else:
        with ledger.begin() as unit:
            unit.people.add(a_person())
    assert rows.anything_sealed()
    with pytest.raises(RootLost):
        open_vault(rows, KEK, entropy=secrets.token_bytes)
    with pytest.raises(RootLost):
        found(rows, KEK, entropy=secrets.token_bytes, now=Clock())


# --- races --------------------------------------------------------------------------------------


def moving_the_ring(ledger: Ledger, number: int, racer: int) -> bool:
    """Announce in even rounds, promote what was announced in odd ones."""
    ring = a_ring(ledger)
    if number % 2 == 0:
        return bool(ring.rotate(by=f"operator:{racer}"))
    newest = max(ring.list(), key=lambda key: key.generation * 2 + (key.state is State.SIGNING))
    kid = newest.kid
    try:
        return bool(ring.promote(kid, by=f"operator:{racer}", early=True))
    except StepRefused:
        return False


def carelessly_moving_the_ring(ledger: Ledger, number: int, racer: int) -> bool:
    with ledger.read() as unit:
        if any(key.kid.startswith(f"{number}-") for key in unit.keys.snapshot().keys):
            return False
    while True:
        with suppress(RingMoved), ledger.begin() as unit:
            now = unit.keys.generation()
            key = a_key(f"{number}-{racer}")
            unit.keys.write((key,), expected=now, generation=now + 1, seal=b"")
            return True


@pytest.fixture
def begun(ledger: Ledger, ledger_url: str) -> str:
    a_ring(ledger).begin(by=ME)
    return ledger_url


def test_of_operators_who_move_the_ring_at_once_one_does(begun: str) -> None:
    won = winners_of_processes("ledger", begun, [moving_the_ring], rounds=ROUNDS)
    assert won == {"moving_the_ring": [1] * ROUNDS}
    ledger = open_store("ledger", begun)
    states = [key.state for key in a_ring(ledger).list()]
    with ledger.read() as unit:
        assert unit.keys.generation() == 1 + ROUNDS
        audited = len(unit.audit.unsealed(limit=500))
    ledger.close()
    assert (states.count(State.SIGNING), states.count(State.ANNOUNCED)) == (1, 0)
    assert states.count(State.RETIRING) == ROUNDS // 2
    assert audited == 1 + ROUNDS // 2 + 2 * (ROUNDS // 2)


def test_the_control_that_looks_before_it_moves_has_several_winners(ledger_url: str) -> None:
    race = carelessly_moving_the_ring
    won = winners_of_processes("ledger", ledger_url, [race], rounds=ROUNDS)
    assert max(won[race.__name__]) > 1


def test_setups_at_the_same_moment_make_one_deployment(ledger_url: str, tmp_path: Path) -> None:
    settings = Settings(
        environment="test",
        issuer="http://localhost:8400",
        stores={"ledger": ledger_url},
        keys={"kek_file": tmp_path / "keys" / "kek"},
    )

    def setting_up(racer: int) -> Founded:
        return found_keys(
            settings,
            now=Clock(),
            monotonic=lambda: 0.0,
            entropy=secrets.token_bytes,
            by=f"setup:{racer}",
        )

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(setting_up, range(4)))
    assert sum(one.kek_made for one in made) == 1
    assert sum(one.vault_founded for one in made) == 1
    assert sum(bool(one.keys) for one in made) == 1
    assert [file.name for file in (tmp_path / "keys").iterdir()] == ["kek"]
