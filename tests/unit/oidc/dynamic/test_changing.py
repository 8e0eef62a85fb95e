"""What a client may change of its registration, and what happens when it leaves."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.domain.client import Purpose
from tests.unit.oidc.dynamic.registry import CALLBACK, open_registry
from tests.unit.registration.documents import EC, public

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.oidc.dynamic.registry import Registry


def test_an_update_puts_the_whole_in_the_place_of_what_was(registry: Registry) -> None:
    told = registry.registered(tos_uri="https://rp.example/terms")
    token, where = told["registration_access_token"], told["registration_client_uri"]
    registry.clock.move(timedelta(days=30))
    answer = registry.send(
        "PUT",
        where,
        {
            "client_id": told["client_id"],
            "client_secret": told["client_secret"],
            "redirect_uris": ["https://rp.example/new"],
            "client_name": "The new shop",
        },
        token=token,
    )
    assert answer.status_code == 200, answer.text
    assert answer.json["redirect_uris"] == ["https://rp.example/new"]
    assert answer.json["registration_access_token"] == token
    assert "tos_uri" not in answer.json
    assert "client_secret" not in answer.json
    client = registry.client(told["client_id"])
    assert client is not None
    assert client.version == 2
    assert client.expires_at == registry.clock() + timedelta(days=365)
    assert client.secrets[0].expires_at == client.expires_at


def test_an_update_to_a_method_with_a_secret_tells_one_once(registry: Registry) -> None:
    told = registry.registered(
        token_endpoint_auth_method="private_key_jwt", jwks={"keys": [public(EC)]}
    )
    answer = registry.send(
        "PUT",
        told["registration_client_uri"],
        {"client_id": told["client_id"], "redirect_uris": [CALLBACK]},
        token=told["registration_access_token"],
    )
    assert len(answer.json["client_secret"]) == 43
    assert answer.json["client_secret_expires_at"] > registry.clock().timestamp()


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "own-somebody-else"},
        {"client_secret": "wrong"},
        {"client_secret": "w\u00e9"},
        {"client_secret": 7},
        {"registration_access_token": "x"},
        {"client_id_issued_at": 1},
        {"redirect_uris": None},
    ],
)
def test_an_update_that_is_not_whole_or_says_too_much_changes_nothing(
    registry: Registry, changes: dict[str, object]
) -> None:
    told = registry.registered()
    document = {"client_id": told["client_id"], "redirect_uris": [CALLBACK], **changes}
    answer = registry.send(
        "PUT",
        told["registration_client_uri"],
        {name: value for name, value in document.items() if value is not None},
        token=told["registration_access_token"],
    )
    assert answer.status_code == 400
    assert answer.json["error"] in {"invalid_client_metadata", "invalid_redirect_uri"}
    client = registry.client(told["client_id"])
    assert client is not None
    assert client.version == 1


def test_what_an_operator_gave_survives_an_update(registry: Registry) -> None:
    told = registry.registered()
    client = registry.client(told["client_id"])
    assert client is not None
    purpose = Purpose(
        name="login",
        reason=dict.fromkeys(("nl", "fr", "de", "en"), "why"),
        claims=("given_name",),
    )
    given = replace(
        client, purposes=(purpose,), scopes=("openid", "profile"), minimum_age=18, contact="op"
    )
    with registry.services.ledger.begin() as unit:
        unit.clients.replace(given, expected_version=1)
    answer = registry.send(
        "PUT",
        told["registration_client_uri"],
        {"client_id": told["client_id"], "redirect_uris": [CALLBACK]},
        token=told["registration_access_token"],
    )
    assert answer.status_code == 200, answer.text
    after = registry.client(told["client_id"])
    assert after is not None
    assert after.purposes == (purpose,)
    assert (after.scopes, after.minimum_age) == (("openid", "profile"), 18)
    assert after.contact == "op"


@pytest.mark.proves("registration.delete")
def test_a_client_that_leaves_is_gone_with_its_token_and_its_place(tmp_path: Path) -> None:
    with open_registry(tmp_path, most=1) as registry:
        told = registry.registered()
        token, where = told["registration_access_token"], told["registration_client_uri"]
        full = registry.register()
        assert full.status_code == 503
        assert full.json["error"] == "temporarily_unavailable"
        gone = registry.send("DELETE", where, token=token)
        assert (gone.status_code, gone.data) == (204, b"")
        assert registry.client(told["client_id"]) is None
        assert registry.send("GET", where, token=token).status_code == 401
        assert registry.send("DELETE", where, token=token).status_code == 401
        registry.registered()


def test_every_change_is_in_the_audit_trail(registry: Registry) -> None:
    told = registry.registered()
    token, where = told["registration_access_token"], told["registration_client_uri"]
    document = {"client_id": told["client_id"], "redirect_uris": [CALLBACK]}
    assert registry.send("PUT", where, document, token=token).status_code == 200
    assert registry.send("DELETE", where, token=token).status_code == 204
    with registry.services.ledger.read() as unit:
        rows = [json.loads(row.payload or b"{}") for row in unit.audit.unsealed(limit=50)]
    changes = [
        (row["actor"], row["details"]["change"]) for row in rows if row["kind"] == "client.changed"
    ]
    own = f"client:{told['client_id']}"
    assert changes == [
        ("anybody", "added"),
        (own, "edited by itself"),
        (own, "removed by itself"),
    ]
