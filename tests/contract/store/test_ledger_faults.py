"""What the Ledger does when the world fails: it says so at once, and keeps what it acknowledged."""

from __future__ import annotations

import os
import resource
import secrets
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import bindparam, func, select

from idp.store.opening import open_ledger
from idp.store.ports import AlreadySpent, SchemaOutdated, StoreUnavailable, UnsafeStore
from idp.store.sql.machine import MachineLock
from idp.store.sql.migrate import upgrade
from idp.store.sql.statement import Statement
from tests.contract.store.stand_ins import START, Clock, TestVault, a_client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idp.store.ports import Ledger

ROOT = Path(__file__).parents[3]

WRITER = """
import secrets, sys
from idp.store.opening import open_ledger
from tests.contract.store.stand_ins import START, Clock, TestVault
ledger = open_ledger(sys.argv[1], TestVault(), now=Clock(), entropy=secrets.token_bytes)
for number in range(1_000_000):
    with ledger.begin() as unit:
        unit.spend("mark", str(number), until=START)
        unit.spend("twin", str(number), until=START)
    print(number, flush=True)
"""


def opened(url: str) -> Ledger:
    return open_ledger(url, TestVault(), now=Clock(), entropy=secrets.token_bytes)


def spend(ledger: Ledger, key: str) -> bool:
    try:
        with ledger.begin() as unit:
            unit.spend("mark", key, until=START)
    except AlreadySpent:
        return False
    return True


def test_a_writer_killed_at_work_loses_nothing_it_acknowledged(ledger_url: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, ledger_url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        for _ in range(150):
            writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        rest = [line for line in writer.stdout.read().split("\n") if line]
    acknowledged = 150 + len(rest)
    ledger = opened(ledger_url)
    for kind in ("mark", "twin"):
        for number in range(acknowledged):
            with pytest.raises(AlreadySpent), ledger.begin() as unit:
                unit.spend(kind, str(number), until=START)
    ledger.close()


def test_a_unit_is_whole_or_not_at_all_when_its_writer_is_killed(ledger_url: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, ledger_url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        last = 0
        for _ in range(40):
            last = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
    ledger = opened(ledger_url)
    for number in range(last, last + 50):
        marks = []
        for kind in ("mark", "twin"):
            try:
                with ledger.begin() as unit:
                    unit.spend(kind, str(number), until=START)
                marks.append("absent")
            except AlreadySpent:
                marks.append("there")
        assert len(set(marks)) == 1
    ledger.close()


def test_an_absent_schema_is_refused_with_the_command_that_helps(tmp_path: Path) -> None:
    with pytest.raises(SchemaOutdated, match="sesame setup"):
        opened(f"sqlite:///{tmp_path / 'none.sqlite'}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["mysql://user:pw@host/db", "ledger.sqlite", ""])
def test_an_unknown_url_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(UnsafeStore) as refused:
        opened(url)
    assert "pw" not in str(refused.value)


# --- SQLite ------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.sqlite"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def on_file(file: Path) -> Iterator[Ledger]:
    ledger = opened(f"sqlite:///{file}")
    yield ledger
    ledger.close()


def test_only_its_owner_reads_the_file_and_its_journal(file: Path, on_file: Ledger) -> None:
    spend(on_file, "1")
    modes = {path.name: path.stat().st_mode & 0o777 for path in file.parent.iterdir()}
    assert modes["ledger.sqlite"] == modes["ledger.sqlite-wal"] == 0o600
    assert set(modes.values()) == {0o600}


def test_a_commit_is_flushed_and_the_journal_is_ahead(on_file: Ledger) -> None:
    connection = on_file._engine._writer.take()  # type: ignore[attr-defined]
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    on_file._engine._writer.give(connection)  # type: ignore[attr-defined]


def test_a_writer_that_never_ends_makes_others_unavailable_and_readers_not(
    file: Path, on_file: Ledger
) -> None:
    stuck = sqlite3.connect(file, isolation_level=None)
    stuck.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="unavailable") as refused:
        spend(on_file, "1")
    assert refused.value.detail == "sqlite: SQLITE_BUSY"
    with on_file.read() as unit:
        assert unit.epoch() == 1
    stuck.execute("ROLLBACK")
    stuck.close()
    assert spend(on_file, "1")


def test_a_full_disk_is_unavailable_and_reading_goes_on(on_file: Ledger) -> None:
    assert spend(on_file, "before")
    with on_file.read() as unit:  # a worker at work has read something before
        assert unit.epoch() == 1
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, former[1]))
    written = 0
    try:
        with pytest.raises(StoreUnavailable):  # noqa: PT012 - some commit on the way is refused
            for number in range(1000):
                assert spend(on_file, str(number))
                written += 1
        with on_file.read() as unit:
            assert unit.epoch() == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
        signal.signal(signal.SIGXFSZ, handler)
    assert written > 0
    assert not any(spend(on_file, str(number)) for number in range(written))
    assert spend(on_file, str(written))


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(StoreUnavailable):
        opened(f"sqlite:///{path}")


def test_a_file_that_went_away_is_unavailable(file: Path, on_file: Ledger) -> None:
    file.rename(file.with_name("elsewhere"))
    with pytest.raises(StoreUnavailable), on_file.read() as unit:
        unit.epoch()
    file.with_name("elsewhere").rename(file)
    with on_file.read() as unit:
        assert unit.epoch() == 1


def test_another_machine_is_refused_while_this_one_uses_the_file(
    file: Path, on_file: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("idp.store.sql.machine.this_machine", lambda: "another")
    with pytest.raises(StoreUnavailable) as refused:
        opened(f"sqlite:///{file}")
    assert "another machine" in refused.value.detail
    on_file.close()
    opened(f"sqlite:///{file}").close()


def test_nobody_is_alone_while_a_ledger_is_open(file: Path, on_file: Ledger) -> None:
    with pytest.raises(StoreUnavailable):
        MachineLock(file, alone=True)
    on_file.close()
    MachineLock(file, alone=True).release()


def test_a_closed_ledger_is_unavailable(on_file: Ledger) -> None:
    on_file.close()
    with pytest.raises(StoreUnavailable):
        spend(on_file, "1")


def test_a_child_after_a_fork_opens_connections_of_its_own(on_file: Ledger) -> None:
    assert spend(on_file, "parent")
    child = os.fork()
    if child == 0:
        try:
            told = spend(on_file, "child") and not spend(on_file, "parent")
        finally:
            os._exit(0 if told else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert not spend(on_file, "child")
    assert spend(on_file, "parent again")


# --- PostgreSQL --------------------------------------------------------------------------------


@pytest.fixture
def upgraded_url(postgres_url: str) -> str:
    upgrade(postgres_url)
    return postgres_url


@pytest.fixture
def on_postgres(upgraded_url: str) -> Iterator[Ledger]:
    ledger = opened(upgraded_url)
    yield ledger
    ledger.close()


def admin(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def test_the_session_has_every_deadline(on_postgres: Ledger) -> None:
    shown = Statement(select(func.current_setting(bindparam("name"))))
    with on_postgres._engine.writing() as link:  # type: ignore[attr-defined]
        settings = {
            name: link.one(shown, {"name": name})[0]
            for name in (
                "synchronous_commit",
                "statement_timeout",
                "lock_timeout",
                "idle_in_transaction_session_timeout",
            )
        }
    assert settings == {
        "synchronous_commit": "on",
        "statement_timeout": "2s",
        "lock_timeout": "1s",
        "idle_in_transaction_session_timeout": "5s",
    }


def test_a_connection_that_the_server_ended_while_idle_is_replaced(
    on_postgres: Ledger, postgres_url: str
) -> None:
    key = secrets.token_hex(8)
    assert spend(on_postgres, key)
    end_connections(postgres_url)
    assert not spend(on_postgres, key)


def test_a_connection_that_ends_inside_a_unit_decides_nothing(
    on_postgres: Ledger, postgres_url: str
) -> None:
    key = secrets.token_hex(8)
    with pytest.raises(StoreUnavailable), on_postgres.begin() as unit:  # noqa: PT012 - the unit fails
        unit.spend("mark", key, until=START)
        end_connections(postgres_url)
        unit.spend("mark", key + "2", until=START)
    assert spend(on_postgres, key)


def end_connections(url: str) -> None:
    with admin(url) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity "
            "WHERE application_name = 'sesame' AND datname = current_database()"
        )


def test_a_lock_held_by_an_operator_is_unavailable_after_a_second(
    on_postgres: Ledger, postgres_url: str
) -> None:
    with admin(postgres_url) as other:
        other.execute("BEGIN; LOCK TABLE spent")
        with pytest.raises(StoreUnavailable) as refused:
            spend(on_postgres, secrets.token_hex(8))
        other.execute("ROLLBACK")
    assert refused.value.detail == "postgresql: 55P03"


def test_a_read_only_database_is_unavailable_for_writing(
    upgraded_url: str,
) -> None:
    with admin(upgraded_url) as other:
        name = other.execute("SELECT current_database()").fetchone()
        assert name is not None
        other.execute(f"ALTER DATABASE {name[0]} SET default_transaction_read_only = on")
        fresh = opened(upgraded_url)
        with pytest.raises(StoreUnavailable) as refused:
            spend(fresh, secrets.token_hex(8))
        with fresh.read() as unit:
            assert unit.epoch() >= 1
        fresh.close()
        other.execute(f"ALTER DATABASE {name[0]} RESET default_transaction_read_only")
    assert refused.value.detail == "postgresql: 25006"


def test_a_server_that_is_not_there_is_unavailable(free_port: int) -> None:
    with pytest.raises(StoreUnavailable):
        opened(f"postgresql://sesame:hidden@127.0.0.1:{free_port}/none")


def test_a_duplicate_leaves_no_value_of_the_row_in_the_error(on_postgres: Ledger) -> None:
    with on_postgres.begin() as unit:
        unit.clients.add(a_client("one"))
    with pytest.raises(Exception, match="ONE") as refused, on_postgres.begin() as unit:
        unit.clients.add(a_client("ONE"))
    assert refused.value.__cause__ is None
