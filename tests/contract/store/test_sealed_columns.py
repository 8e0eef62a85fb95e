"""What is personal or secret is not readable in the database, and does not survive a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from idp.domain.grant import FamilyId, GrantId, TokenHash
from idp.domain.session import SessionKey
from idp.store.ports import StoreUnavailable, Tampered
from tests.contract.store.stand_ins import (
    AN,
    SHOP,
    START,
    a_code,
    a_family,
    a_grant,
    a_person,
    a_session,
    a_token,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.store.ports import Ledger, Unit

READERS: dict[tuple[str, str], Callable[[Unit], object]] = {
    ("people", "attributes"): lambda unit: unit.people.get(AN),
    ("sessions", "event"): lambda unit: unit.sessions.get(SessionKey("session-1")),
    ("codes", "body"): lambda unit: unit.grants.find_code(TokenHash("code-1")),
    ("grants", "body"): lambda unit: unit.grants.live_token(TokenHash("token-1")),
    ("families", "secret"): lambda unit: unit.grants.get_family(FamilyId("family-1")),
    ("outbox", "body"): lambda unit: unit.outbox.due(at=START, limit=9),
}


@pytest.fixture
def filled(peopled: Ledger) -> Ledger:
    with peopled.begin() as unit:
        unit.grants.add_code(a_code())
        unit.grants.add(a_grant())
        unit.grants.add(a_grant("grant-2"))
        unit.grants.add_access_token(a_token())
        unit.grants.add_family(a_family())
        unit.outbox.add(kind="logout", destination="d", body=b"secret-body", due_at=START)
        unit.people.add(a_person("other", "1"))
        unit.sessions.open(a_session("session-2"))
    return peopled


def as_operator(url: str, statement: str, **values: Any) -> list[Any]:
    """Run SQL past the store, as somebody with the database in hand would."""
    engine = sa.create_engine(
        url.replace("sqlite:///", "sqlite:////" if url.startswith("sqlite:////") else "sqlite:///")
    )
    try:
        with engine.begin() as connection:
            result = connection.execute(sa.text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


@pytest.mark.parametrize(("table", "column"), READERS)
def test_a_changed_sealed_column_is_refused(
    filled: Ledger, ledger_url: str, table: str, column: str
) -> None:
    rows = as_operator(ledger_url, f"SELECT {column} FROM {table}")
    for (sealed,) in rows:
        broken = bytes(sealed[:-1]) + bytes([sealed[-1] ^ 1])
        as_operator(
            ledger_url,
            f"UPDATE {table} SET {column} = :broken WHERE {column} = :sealed",
            broken=broken,
            sealed=bytes(sealed),
        )
    with pytest.raises(Tampered), filled.read() as unit:
        READERS[table, column](unit)


@pytest.mark.parametrize(
    ("table", "column", "key"),
    [("people", "attributes", "id"), ("sessions", "event", "key"), ("grants", "body", "id")],
)
def test_a_sealed_column_moved_to_another_row_is_refused(
    filled: Ledger, ledger_url: str, table: str, column: str, key: str
) -> None:
    mine = {"people": AN, "sessions": "session-1", "grants": "grant-1"}[table]
    as_operator(
        ledger_url,
        f"UPDATE {table} SET {column} = "
        f"(SELECT {column} FROM {table} WHERE {key} <> :mine) WHERE {key} = :mine",
        mine=mine,
    )
    with pytest.raises(Tampered), filled.read() as unit:
        READERS[table, column](unit)


@pytest.mark.parametrize("change", ["person = 'other'", "session = 'x'", "client = 'x'"])
def test_a_grant_given_to_somebody_else_is_refused(
    filled: Ledger, ledger_url: str, change: str
) -> None:
    as_operator(ledger_url, f"UPDATE grants SET {change} WHERE id = 'grant-1'")
    with pytest.raises(Tampered), filled.read() as unit:
        unit.grants.get(GrantId("grant-1"))


def test_an_offline_mark_that_was_set_from_outside_is_refused(
    filled: Ledger, ledger_url: str
) -> None:
    as_operator(ledger_url, "UPDATE grants SET offline = true WHERE id = 'grant-1'")
    with pytest.raises(Tampered), filled.read() as unit:
        unit.grants.live_token(TokenHash("token-1"))


def test_a_code_given_to_another_client_is_refused(filled: Ledger, ledger_url: str) -> None:
    as_operator(ledger_url, "UPDATE codes SET client = 'thief'")
    with pytest.raises(Tampered), filled.begin() as unit:
        unit.grants.spend_code(TokenHash("code-1"), client=type(SHOP)("thief"), at=START)


def test_a_registration_that_is_no_registration_is_refused(filled: Ledger, ledger_url: str) -> None:
    as_operator(ledger_url, "UPDATE clients SET body = '{}', version = 7")
    with pytest.raises(Tampered), filled.read() as unit:
        unit.clients.get(SHOP)


def test_a_refusal_for_tampering_is_an_unavailable_store_without_the_value() -> None:
    assert issubclass(Tampered, StoreUnavailable)


@pytest.mark.usefixtures("filled")
def test_nothing_personal_or_secret_is_readable_in_any_column(ledger_url: str) -> None:
    secrets = [
        "Ana",
        "Peeters",
        "85073003328",
        "Luik",
        "secret-body",
        a_family().secret.decode("latin-1"),
    ]
    tables = ["people", "subjects", "sessions", "codes", "grants", "families", "outbox", "audit"]
    for table in tables:
        for row in as_operator(ledger_url, f"SELECT * FROM {table}"):
            for cell in row:
                text = cell.decode("latin-1") if isinstance(cell, bytes | memoryview) else str(cell)
                assert not [secret for secret in secrets if secret in text], table
