"""The schema that the migrations make is the schema that the code speaks of."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from idp.store import migrations
from idp.store.ports import SchemaOutdated, UnsafeStore
from idp.store.sql.migrate import upgrade
from idp.store.sql.revision import check
from idp.store.sql.schema import REVISION, metadata
from tests.contract.store.test_sealed_columns import as_operator

if TYPE_CHECKING:
    from pathlib import Path


def test_the_migrated_schema_is_the_declared_one(ledger_url: str) -> None:
    engine = sa.create_engine(ledger_url)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert differences == []


def test_the_code_needs_the_last_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(next(iter(migrations.__path__))))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_upgrading_twice_changes_nothing(ledger_url: str) -> None:
    as_operator(ledger_url, "UPDATE epochs SET epoch = 5")
    upgrade(ledger_url)
    assert as_operator(ledger_url, "SELECT id, epoch FROM epochs") == [(1, 5)]
    check(ledger_url)


def test_an_older_schema_is_refused_and_a_newer_one_accepted(ledger_url: str) -> None:
    as_operator(ledger_url, "UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(SchemaOutdated, match="0000"):
        check(ledger_url)
    as_operator(ledger_url, "UPDATE alembic_version SET version_num = '9999'")
    check(ledger_url)


def test_checking_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(SchemaOutdated, match="absent"):
        check(f"sqlite:///{tmp_path}/folder/none.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_database_is_refused() -> None:
    with pytest.raises(UnsafeStore):
        upgrade("oracle://")


def test_upgrades_at_the_same_moment_make_one_schema(tmp_path: Path, postgres_server: str) -> None:
    name = f"store_{secrets.token_hex(6)}"
    admin = postgres_server.replace("+psycopg", "") + "/postgres"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    for url in (f"sqlite:///{tmp_path}/one.sqlite", f"{postgres_server}/{name}"):
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(upgrade, [url] * 3))
        assert as_operator(url, "SELECT epoch FROM epochs") == [(1,)]
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
