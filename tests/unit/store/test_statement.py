"""Statements are text in both dialects before anybody waits, and times are whole numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import bindparam, insert, select

from idp.store.sql import schema
from idp.store.sql.moments import micros, moment
from idp.store.sql.statement import Statement


def test_a_select_does_not_write_and_everything_else_does() -> None:
    assert not Statement(select(schema.epochs)).writes
    assert Statement(insert(schema.spent)).writes
    assert Statement(lambda new: new(schema.spent).on_conflict_do_nothing()).writes


def test_values_come_by_name_or_in_the_order_of_their_places() -> None:
    statement = Statement(
        select(schema.spent.c.until)
        .where(schema.spent.c.kind == bindparam("kind"))
        .limit(bindparam("most"))
    )
    assert ":kind" in statement.sqlite
    assert ":most" in statement.sqlite
    assert "$1" in statement.postgresql
    assert "$2" in statement.postgresql
    assert statement.places == ("kind", "most")
    assert "param_" not in statement.sqlite + statement.postgresql


def test_a_constant_that_nobody_would_give_is_refused() -> None:
    with pytest.raises(ValueError, match="constant"):
        Statement(select(schema.spent.c.until).where(schema.spent.c.kind == "fixed"))


@given(st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_every_time_comes_back_to_the_microsecond(at: datetime) -> None:
    assert moment(micros(at)) == at


def test_a_time_of_another_zone_is_the_same_moment() -> None:
    brussels = timezone(timedelta(hours=2))
    assert micros(datetime(2026, 7, 1, 14, tzinfo=brussels)) == micros(
        datetime(2026, 7, 1, 12, tzinfo=UTC)
    )
    assert micros(None) is None
    assert moment(None) is None
