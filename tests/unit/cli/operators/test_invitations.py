"""``sesame clients invite`` and what it leads to; keys and lists at addresses of a client's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.client import ClientId
from idp.domain.origin import Origin
from idp.oidc.dynamic import tokens
from tests.contract.store.stand_ins import a_client
from tests.services.published import publishing
from tests.unit.registration.documents import a_document

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.operators.conftest import Operator


@pytest.fixture
def inviting(operator: Operator) -> Operator:
    """A deployment where e-services register themselves by invitation."""
    with operator.config.open("a", encoding="utf-8") as file:
        file.write('\n[registration]\nmode = "token"\n')
    return operator


def test_an_invitation_is_shown_once_and_kept_as_a_digest(inviting: Operator) -> None:
    made = json.loads(
        inviting.run("clients", "invite", "--uses", "3", "--note", "shop team", "--json").stdout
    )
    token = made["initial_access_token"]
    assert made["registration_endpoint"] == "http://localhost:8400/register"
    assert made["reference"] == tokens.digest(token)[:12]
    with inviting.unit() as unit:
        (kept,) = unit.registrations.invitations()
    assert (kept.digest, kept.most, kept.used) == (tokens.digest(token), 3, 0)
    assert kept.by.startswith("operator:")
    listed = inviting.run("clients", "invitations").stdout
    assert "0 of 3 used" in listed
    assert "shop team" in listed
    assert token not in listed


def test_an_invitation_can_be_taken_back(inviting: Operator) -> None:
    made = json.loads(inviting.run("clients", "invite", "--json").stdout)
    inviting.run("clients", "uninvite", made["reference"])
    assert json.loads(inviting.run("clients", "invitations", "--json").stdout) == {
        "invitations": []
    }
    refused = inviting.run("clients", "uninvite", made["reference"], fails=1)
    assert "no invitation" in refused.output


def test_both_are_in_the_audit_trail(inviting: Operator) -> None:
    made = json.loads(inviting.run("clients", "invite", "--json").stdout)
    inviting.run("clients", "uninvite", made["reference"])
    with inviting.unit() as unit:
        rows = [json.loads(row.payload or b"{}") for row in unit.audit.unsealed(limit=50)]
    told = [row["details"] for row in rows if row["kind"] == "client.invited"]
    assert [one["invitation"] for one in told] == [made["reference"]] * 2
    assert told[1]["change"] == "taken back"
    assert made["initial_access_token"] not in json.dumps(rows)


def test_nobody_is_invited_where_nobody_can_come(operator: Operator) -> None:
    refused = operator.run("clients", "invite", fails=1)
    assert 'registration.mode = "token"' in refused.output
    assert operator.run("clients", "invite", "--note", "a\u202eb", fails=2).exit_code == 2


@pytest.mark.parametrize(
    ("invitation", "said"), [(None, "itself"), ("b2636ea4c0de", "invitation b2636ea4c0de")]
)
def test_the_list_says_who_came_by_themselves(
    operator: Operator, invitation: str | None, said: str
) -> None:
    own = a_client("own-one", origin=Origin(invitation=invitation, token="ab" * 32))
    with operator.unit() as unit:
        unit.clients.add(own)
    assert said in operator.run("clients", "list").stdout
    shown = operator.run("clients", "show", "own-one")
    assert said in shown.stdout
    assert "abab" not in shown.stdout
    machine = json.loads(operator.run("clients", "show", "own-one", "--json").stdout)
    assert machine["origin"] == said


def test_removing_who_came_by_themselves_frees_their_place(operator: Operator) -> None:
    own = a_client("own-one", origin=Origin(invitation=None, token="ab" * 32))
    with operator.unit() as unit:
        unit.clients.add(own)
        assert unit.registrations.take_place(own.id, until=own.created_at, most=1)
    operator.run("clients", "remove", "own-one", "--yes")
    with operator.unit() as unit:
        assert unit.registrations.take_place(ClientId("own-two"), until=own.created_at, most=1)


def test_keys_move_to_an_address_and_back(operator: Operator, tmp_path: Path) -> None:
    registration = tmp_path / "shop.json"
    registration.write_text(json.dumps(a_document()))
    operator.run("clients", "add", "--from", str(registration))
    where = "https://shop.example/jwks.json"
    edit = ("clients", "edit", "shop", "--yes")
    refused = operator.run(*edit, "--jwks-uri", where, fails=1)
    assert "not both" in refused.output
    operator.run(*edit, "--unset", "jwks", "--jwks-uri", where)
    shown = json.loads(operator.run("clients", "show", "shop", "--json").stdout)
    assert shown["registration"]["jwks_uri"] == where
    assert "jwks" not in shown["registration"]


def test_a_sector_list_is_read_when_an_operator_registers(
    operator: Operator, tmp_path: Path
) -> None:
    with publishing(tmp_path / "published") as host:
        with operator.config.open("a", encoding="utf-8") as file:
            file.write(f'\n[outbound]\nallow = ["{host.place}"]\nca = "{host.ca}"\n')
        uris = ["https://shop.example/cb", "https://other.example/cb"]
        document: dict[str, Any] = a_document(
            redirect_uris=uris, sector_identifier_uri=host.address("/sector")
        )
        registration = tmp_path / "shop.json"
        registration.write_text(json.dumps(document))
        add = ("clients", "add", "--from", str(registration))
        for listed in (None, uris[:1]):
            if listed is not None:
                host.documents["/sector"] = listed
            refused = operator.run(*add, fails=1)
            assert "sector_identifier_uri" in refused.output
        host.documents["/sector"] = uris
        operator.run(*add)
        calls = len(host.asked)
        operator.run("clients", "edit", "shop", "--yes", "--contact", "somebody")
        assert len(host.asked) == calls  # what was proven need not be proven again
    with operator.unit() as unit:
        client = unit.clients.get(ClientId("shop"))
    assert client is not None
    assert client.sector == "localhost"
