"""The members by which a client asks behind the browser's back (CIBA Core 4)."""

from __future__ import annotations

from typing import Any

import pytest

from idp.domain.client import Delivery
from idp.oidc.registration.backchannel import CIBA, MEMBERS, SIGNING_ALGORITHMS
from idp.oidc.registration.rules import describe, register
from tests.unit.registration.documents import (
    EC,
    ED,
    NOW,
    POLICY,
    RSA,
    a_document,
    faulty_members,
    public,
)

MODE = "backchannel_token_delivery_mode"
ENDPOINT = "backchannel_client_notification_endpoint"
ALGORITHM = "backchannel_authentication_request_signing_alg"
USER_CODE = "backchannel_user_code_parameter"
PING: dict[str, Any] = {MODE: "ping", ENDPOINT: "https://shop.example/ping"}


def asking(**changes: Any) -> dict[str, Any]:
    keys = [public(EC, kid="ec"), public(ED, kid="ed"), public(RSA, kid="rsa")]
    grants = ["authorization_code", CIBA]
    return a_document(**{"grant_types": grants, "jwks": {"keys": keys}, **changes})


def test_a_client_polls_unless_it_says_otherwise() -> None:
    client = register(asking(), POLICY, now=NOW)
    assert client.backchannel_delivery is Delivery.POLL
    assert client.backchannel_endpoint is client.backchannel_signing_algorithm is None


@pytest.mark.parametrize("algorithm", [None, *SIGNING_ALGORITHMS])
@pytest.mark.parametrize("how", [{}, PING])
def test_what_is_registered_is_described_and_registers_again(
    algorithm: str | None, how: dict[str, Any]
) -> None:
    document = asking(**how, **{ALGORITHM: algorithm, USER_CODE: algorithm == "ES256"})
    client = register(document, POLICY, now=NOW)
    assert client.backchannel_user_code == (algorithm == "ES256")
    assert client.backchannel_signing_algorithm == algorithm
    assert register(describe(client), POLICY, now=NOW) == client


@pytest.mark.parametrize(
    ("changes", "faulty"),
    [
        ({MODE: "push", ENDPOINT: "https://shop.example/ping"}, MODE),
        ({MODE: "fax"}, MODE),
        ({MODE: "ping"}, ENDPOINT),
        ({ENDPOINT: "https://shop.example/ping"}, ENDPOINT),
        ({ALGORITHM: "RS256"}, ALGORITHM),
        ({ALGORITHM: "none"}, ALGORITHM),
        ({ALGORITHM: "ES256", "jwks": {"keys": [public(ED)]}}, ALGORITHM),
        ({USER_CODE: "yes"}, USER_CODE),
        ({USER_CODE: True, "grant_types": ["authorization_code"]}, USER_CODE),
        ({"token_endpoint_auth_method": "none", "jwks": None}, "grant_types"),
    ],
)
def test_what_does_not_go_together_is_named(changes: dict[str, Any], faulty: str) -> None:
    assert faulty in faulty_members(asking(**changes))


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://shop.example/ping",
        "https:///ping",
        "https://user@shop.example/ping",
        "https://shop.example/ping#there",
        "javascript:alert(1)",
        "shop.example/ping",
        "https://shop.example/" + "x" * 1000,
    ],
)
def test_only_a_plain_https_address_is_told(endpoint: str) -> None:
    assert ENDPOINT in faulty_members(asking(**{**PING, ENDPOINT: endpoint}))


def test_the_members_are_for_clients_with_the_grant_alone() -> None:
    given = {**PING, ALGORITHM: "ES256", USER_CODE: True}
    assert set(MEMBERS) <= faulty_members(asking(grant_types=["authorization_code"], **given))
