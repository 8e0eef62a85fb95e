"""What operators decided stands: the end of a registration or a secret, and who was invited."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.contract.store.stand_ins import START
from tests.unit.oidc.dynamic.registry import CALLBACK, open_registry
from tests.unit.oidc.tokens.desk import a_secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.oidc.dynamic.registry import Registry


@pytest.fixture
def open_to_all(tmp_path: Path) -> Iterator[Registry]:
    with open_registry(tmp_path, per_hour=0) as registry:
        yield registry


def test_a_client_does_not_put_off_the_end_that_an_operator_set(open_to_all: Registry) -> None:
    told = open_to_all.registered()
    where, token = told["registration_client_uri"], told["registration_access_token"]
    document = {"client_id": told["client_id"], "redirect_uris": [CALLBACK]}
    for ends in (START + timedelta(days=30), None):
        client = open_to_all.client(told["client_id"])
        assert client is not None
        with open_to_all.services.ledger.begin() as unit:
            changed = replace(client, expires_at=ends)
            unit.clients.replace(changed, expected_version=client.version)
        open_to_all.clock.move(timedelta(days=1))
        answer = open_to_all.send("PUT", where, document, token=token)
        assert answer.status_code == 200, answer.text
        after = open_to_all.client(told["client_id"])
        assert after is not None
        assert after.expires_at == ends


def test_a_secret_that_an_operator_lets_run_out_does_so(open_to_all: Registry) -> None:
    told = open_to_all.registered()
    where, token = told["registration_client_uri"], told["registration_access_token"]
    client = open_to_all.client(told["client_id"])
    assert client is not None
    (given,) = client.secrets
    old = replace(given, expires_at=START + timedelta(days=2))
    new = a_secret("another-secret", expires_at=START + timedelta(days=90))
    with open_to_all.services.ledger.begin() as unit:
        unit.clients.replace(replace(client, secrets=(old, new)), expected_version=1)
    document = {"client_id": told["client_id"], "redirect_uris": [CALLBACK]}
    open_to_all.clock.move(timedelta(days=1))
    assert open_to_all.send("PUT", where, document, token=token).status_code == 200
    after = open_to_all.client(told["client_id"])
    assert after is not None
    assert after.secrets == (old, new)


def test_the_uninvited_use_up_nobodys_turn(tmp_path: Path) -> None:
    with open_registry(tmp_path, mode="token", per_hour=2) as registry:
        for token in (None, None, "A" * 43, "B" * 43):
            assert registry.register(token).status_code == 401
        invited = registry.invited(most=3)
        statuses = [registry.register(invited).status_code for _ in range(3)]
        assert statuses == [201, 201, 429]
