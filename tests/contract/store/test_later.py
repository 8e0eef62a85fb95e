"""What nobody waits for is as much of its unit as the rest; no answer is waited for without end."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import bindparam, insert, select

from idp.store.opening import open_ledger
from idp.store.ports import AlreadySpent, Duplicate, StoreUnavailable
from idp.store.sql import schema
from idp.store.sql.engine import WriteInReadingUnit
from idp.store.sql.migrate import upgrade
from idp.store.sql.postgres_wire import Wire
from idp.store.sql.statement import Statement
from tests.contract.store.stand_ins import START, Clock, TestVault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idp.store.sql.engine import Engine
    from idp.store.sql.ledger import SqlLedger

PUT = Statement(insert(schema.spent))
FIND = Statement(select(schema.spent.c.until).where(schema.spent.c.key == bindparam("key")))


@pytest.fixture
def engine(ledger: SqlLedger) -> Engine:
    return ledger._engine


def a_mark(key: bytes) -> dict[str, object]:
    return {"kind": "mark", "key": key, "until": 1}


def found(engine: Engine, key: bytes) -> bool:
    with engine.reading() as link:
        return link.one(FIND, {"key": key}) is not None


def test_what_is_sent_later_is_seen_by_what_is_asked_after_it_and_committed(
    engine: Engine,
) -> None:
    with engine.writing() as link:
        link.later(PUT, a_mark(b"seen"))
        assert link.one(FIND, {"key": b"seen"}) == (1,)
        link.later(PUT, a_mark(b"last"))
    assert found(engine, b"seen")
    assert found(engine, b"last")


def test_a_duplicate_that_shows_at_the_commit_rolls_the_whole_unit_back(engine: Engine) -> None:
    with engine.writing() as link:
        link.later(PUT, a_mark(b"first"))
    with pytest.raises(Duplicate), engine.writing() as link:  # noqa: PT012 - the unit fails
        link.later(PUT, a_mark(b"beside"))
        link.later(PUT, a_mark(b"first"))
    assert not found(engine, b"beside")


def test_a_unit_that_is_given_up_leaves_nothing_of_what_was_to_be_sent(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), engine.writing() as link:  # noqa: PT012 - given up
        link.later(PUT, a_mark(b"given up"))
        raise ZeroDivisionError
    with engine.writing() as link:
        link.later(PUT, a_mark(b"the next"))
    assert found(engine, b"the next")
    assert not found(engine, b"given up")


def test_a_unit_in_which_nothing_happens_commits_nothing(engine: Engine) -> None:
    with engine.writing():
        pass
    assert not found(engine, b"nothing")


def test_a_reading_unit_takes_nothing_to_write_later_either(engine: Engine) -> None:
    with pytest.raises(WriteInReadingUnit), engine.reading() as link:
        link.later(PUT, a_mark(b"read"))


# --- PostgreSQL ----------------------------------------------------------------------------------


@pytest.fixture
def wire(postgres_url: str) -> Iterator[Wire]:
    connection = psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True)
    opened = Wire(connection, answer_within=100)
    yield opened
    opened.close()


def test_an_answer_that_does_not_come_in_time_is_unavailable_and_the_wire_is_left(
    wire: Wire,
) -> None:
    wire.begin()
    with pytest.raises(StoreUnavailable) as refused:
        wire.ask("SELECT 1 FROM pg_sleep(30)", ())
    assert refused.value.detail == "postgresql: no answer"
    assert not wire.roll_back()


def test_a_text_that_could_not_be_prepared_can_be_prepared_later(wire: Wire) -> None:
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="unavailable") as refused:
            wire.ask("SELECT a FROM later", ())
        assert refused.value.detail == "postgresql: 42P01"
    wire.ask("CREATE TABLE later (a bigint)", ())
    assert wire.ask("SELECT a FROM later", ()).ntuples == 0


def test_a_text_is_not_cut_at_a_nul(postgres_ledger: SqlLedger) -> None:
    with postgres_ledger.begin() as unit:
        unit.spend("mark", "1", until=START)
    with pytest.raises(StoreUnavailable) as refused, postgres_ledger.begin() as unit:
        unit.spend("mark\x00more", "2", until=START)
    assert refused.value.detail == "postgresql: 22021"
    with pytest.raises(AlreadySpent), postgres_ledger.begin() as unit:
        unit.spend("mark", "1", until=START)


@pytest.fixture
def postgres_ledger(postgres_url: str) -> Iterator[SqlLedger]:
    upgrade(postgres_url)
    opened = open_ledger(postgres_url, TestVault(), now=Clock(), entropy=secrets.token_bytes)
    yield opened
    opened.close()
