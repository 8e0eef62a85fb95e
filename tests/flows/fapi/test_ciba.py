"""FAPI-CIBA: a client that signs its request and its assertion, tokens bound to its certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client as Http

from idp.domain.certificate_use import CertificateUse
from idp.oidc.ciba.delivering import KIND, Delivering
from idp.oidc.registration.backchannel import CIBA
from tests.attacks.profiles.bank import Bank
from tests.flows.phone.house import ISSUER
from tests.world.client_certificates import certified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.world.client_certificates import Certified

PROXY = "10.0.0.1"


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    mtls = {"proxies": [f"{PROXY}/32"], "form": "escaped-pem", "header": "X-SSL-Client-Cert"}
    made = Bank(tmp_path_factory.mktemp("ciba"), mtls=mtls)
    made.change(bound_tokens=False, certificates=CertificateUse(bound=True))
    yield made
    made.house.close()


def shown(bank: Bank, path: str, by: Certified | None, **fields: str) -> Any:
    http = Http(bank.house.app, use_cookies=False)
    headers = {} if by is None else {"X-SSL-Client-Cert": by.escaped}
    data = {**fields, **bank.assertion()}
    where = {"base_url": ISSUER, "environ_base": {"REMOTE_ADDR": PROXY}}
    return http.post(path, data=data, headers=headers, **where)


def deliver(bank: Bank) -> None:
    """Ask the phone, as a housekeeper does once the request was answered."""
    ledger = bank.house.services.ledger
    delivering = Delivering(
        ledger=ledger, approvals=bank.house.desk.approvals, issuer=ISSUER, now=bank.house.now
    )
    with ledger.read() as unit:
        due = [one for one in unit.outbox.due(at=bank.house.at, limit=100) if one.kind == KIND]
    assert due
    for message in due:
        delivering.deliver(message.body)


def test_an_approved_request_gives_tokens_for_the_certificate_that_polls(bank: Bank) -> None:
    phone = bank.house.phone()
    own, other = (certified(f"CN={name}", bank.house.at) for name in ("bank", "other"))
    asked = bank.ask()
    assert asked.status_code == 200, asked.text
    poll = {"grant_type": CIBA, "auth_req_id": asked.json["auth_req_id"]}
    deliver(bank)
    phone.open(phone.pending()[0]["id"])
    phone.approve()
    bare = shown(bank, "/token", None, **poll)
    assert bare.json["error_description"] == "profile fapi2 rule sender-constrained"
    tokens = shown(bank, "/token", own, **poll)
    assert tokens.status_code == 200, tokens.text
    assert tokens.json["token_type"] == "Bearer"
    assert tokens.headers["Cache-Control"] == "no-store"
    told = shown(bank, "/introspect", None, token=tokens.json["access_token"])
    assert told.json["cnf"] == {"x5t#S256": own.thumbprint}
    for certificate, status in ((own, 200), (other, 401), (None, 401)):
        headers = {"Authorization": f"Bearer {tokens.json['access_token']}"}
        if certificate is not None:
            headers["X-SSL-Client-Cert"] = certificate.escaped
        where = {"base_url": ISSUER, "environ_base": {"REMOTE_ADDR": PROXY}}
        assert Http(bank.house.app).get("/userinfo", headers=headers, **where).status_code == status
