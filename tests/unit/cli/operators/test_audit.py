"""``sesame audit`` as an operator or an auditor types it."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.audit.seal import JOB, seal_round
from idp.domain import audit_event
from idp.domain.client import ClientId
from idp.domain.person import PersonId
from tests.unit.cli.operators.conftest import now

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.operators.conftest import Operator


def record(operator: Operator, count: int) -> None:
    with operator.unit() as unit:
        for number in range(count):
            unit.record(
                audit_event.client_changed(
                    client=ClientId(f"client-{number}"), at=now(), actor="test", change="added"
                )
            )


def seal(operator: Operator) -> None:
    with operator.foundation() as foundation:
        with foundation.ledger.begin() as unit:
            fence = unit.leases.take(JOB, holder="test", at=now(), lasts=timedelta(minutes=1))
        assert fence is not None
        seal_round(foundation.ledger, foundation.audit_signer, fence=fence, at=now())


def as_operator(operator: Operator, statement: str) -> None:
    """Do what somebody with the database can do."""
    path = operator.config.parent / "ledger.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()


@pytest.fixture
def sealed(operator: Operator) -> Operator:
    record(operator, 5)
    seal(operator)
    return operator


def test_a_whole_trail_is_said_to_be_whole(sealed: Operator) -> None:
    assert "the trail is whole" in sealed.run("audit", "verify").output
    told = sealed.told("audit", "verify")
    assert (told["whole"], told["findings"], told["unsealed"]) == (True, [], 0)


def test_rows_that_wait_are_counted(sealed: Operator) -> None:
    record(sealed, 2)
    assert sealed.told("audit", "verify")["unsealed"] == 2


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE audit SET payload = digest WHERE sequence = 3", "row_changed"),
        ("DELETE FROM audit WHERE sequence = 3", "row_missing"),
        ("UPDATE audit SET digest = link WHERE sequence = 3", "link_broken"),
    ],
)
def test_a_trail_that_was_changed_ends_with_1_and_says_where(
    sealed: Operator, statement: str, fault: str
) -> None:
    as_operator(sealed, statement)
    said = sealed.run("audit", "verify", fails=1).output
    assert "row 3: " in said
    assert fault in said
    told = json.loads(sealed.run("audit", "verify", "--json", fails=1).stdout)
    assert {"fault": fault, "sequence": 3} in [
        {name: one[name] for name in ("fault", "sequence")} for one in told["findings"]
    ]


def test_an_exported_head_shows_a_tail_cut_with_its_heads(sealed: Operator, tmp_path: Path) -> None:
    elsewhere = tmp_path / "heads"
    sealed.run("audit", "heads", "export", str(elsewhere))
    assert sealed.run("audit", "heads", "export").stdout == elsewhere.read_text()
    as_operator(sealed, "DELETE FROM audit WHERE sequence > 3")
    as_operator(sealed, "DELETE FROM audit_heads")
    sealed.run("audit", "verify")
    said = sealed.run("audit", "verify", "--head", str(elsewhere), fails=1).output
    assert "row 4: " in said
    assert "tail_cut" in said


def test_a_head_that_was_made_up_is_said_to_be_forged(sealed: Operator, tmp_path: Path) -> None:
    forged = tmp_path / "forged"
    forged.write_text("e30.e30.e30\n")
    assert "head_forged" in sealed.run("audit", "verify", "--head", str(forged), fails=1).output


def test_the_key_of_the_heads_is_public(sealed: Operator) -> None:
    key = json.loads(sealed.run("audit", "heads", "key").stdout)
    assert (key["kty"], key["crv"]) == ("OKP", "Ed25519")
    assert "d" not in key


def shown(operator: Operator, *words: str) -> list[dict[str, str]]:
    lines = operator.run("audit", "show", *words, "--json").stdout.splitlines()
    return [json.loads(line)["event"] for line in lines]


def test_events_are_shown_sealed_or_not_by_what_they_are_about(sealed: Operator) -> None:
    person = PersonId("person-an")
    with sealed.unit() as unit:
        unit.record(
            audit_event.person_changed(person=person, at=now(), actor="test", change="locked")
        )
    assert [one["person"] for one in shown(sealed, "--person", person)] == [person]
    assert [one["client"] for one in shown(sealed, "--client", "client-3")] == ["client-3"]
    assert shown(sealed, "--transaction", "nothing") == []
    assert len(shown(sealed, "--kind", "client")) == 5
    assert len(shown(sealed, "--kind", "client.changed")) == 5
    assert len(shown(sealed, "--kind", "person.changed", "--person", person)) == 1


def test_events_are_shown_by_when_they_were(sealed: Operator) -> None:
    tomorrow = (now() + timedelta(days=1)).isoformat()
    yesterday = (now() - timedelta(days=1)).date().isoformat()
    assert shown(sealed, "--since", tomorrow) == []
    assert len(shown(sealed, "--since", yesterday, "--client", "client-0")) == 1
    assert shown(sealed, "--until", yesterday) == []
    for wrong in ("soon", "2026-01-01T00:00:00"):
        assert "zone" in sealed.run("audit", "show", "--since", wrong, fails=2).output


def test_a_line_names_the_event_and_an_erased_one_says_so(sealed: Operator) -> None:
    as_operator(sealed, "UPDATE audit SET payload = NULL WHERE sequence = 2")
    lines = sealed.run("audit", "show").stdout.splitlines()
    assert "payload erased" in lines[1]
    assert "client.changed" in lines[-1]
    assert "change=added" in lines[-1]
    found = sealed.run("audit", "verify", fails=1).output
    assert "row 2: what the row told was erased, and no event says" in found
