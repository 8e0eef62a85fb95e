"""What the discovery document does not name does not work."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.world.client import Client

if TYPE_CHECKING:
    from tests.world.scripted import Browser
    from tests.world.shops import Shops

UNADVERTISED = {
    "response_types_supported": {
        "response_type": ["token", "id_token", "id_token token", "code token", "none", "device"]
    },
    "response_modes_supported": {
        "response_mode": ["fragment", "fragment.jwt", "web_message", "JWT", "QUERY"]
    },
    "code_challenge_methods_supported": {"code_challenge_method": ["plain", "s256", "S512"]},
    "prompt_values_supported": {"prompt": ["create", "NONE", "perhaps"]},
}


@pytest.mark.parametrize("member", UNADVERTISED)
@pytest.mark.proves("discovery.nothing-else")
def test_a_value_that_is_not_advertised_is_refused(
    made: Shops, browser: Browser, member: str
) -> None:
    shop = made["shop"]
    for name, values in UNADVERTISED[member].items():
        for value in values:
            assert value not in made.metadata()[member]
            page, _ = shop.open(browser, **{name: value})
            assert page.parameters["error"] in ("invalid_request", "unsupported_response_type")
            asked = shop.request(**{name: value})
            assert shop.push(asked).status == 400


@pytest.mark.parametrize(
    "grant",
    [
        *("password", "client_credentials", "implicit", "AUTHORIZATION_CODE"),
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:device_code",
    ],
)
@pytest.mark.proves("discovery.nothing-else")
def test_a_grant_that_is_not_advertised_is_refused(made: Shops, grant: str) -> None:
    assert grant not in made.metadata()["grant_types_supported"]
    for name in ("shop", "shop-basic", "shop-app"):
        reply = made[name].post("/token", {"grant_type": grant})
        assert reply.error == (400, "unsupported_grant_type")


def test_a_scope_that_is_not_advertised_is_not_granted(made: Shops, browser: Browser) -> None:
    tokens = made["shop"].log_in(browser, scope="openid admin groups").tokens()
    assert tokens.members["scope"] == "openid"


@pytest.mark.proves("core.alg-none")
def test_an_algorithm_that_is_not_advertised_proves_no_client(made: Shops) -> None:
    shop = made["shop"]
    for algorithm in ("none", "HS256", "ES384", "RS512", "PS384", "ES256K", "Ed448"):
        listed = made.metadata()["token_endpoint_auth_signing_alg_values_supported"]
        assert algorithm not in listed
        _, _, rest = shop.assertion().partition(".")
        head = {"alg": algorithm, "kid": shop.key.kid}
        forged = f"{segment(head)}.{rest}"
        reply = shop.push(shop.request(), client_assertion=forged)
        assert reply.error == (401, "invalid_client")


def segment(header: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"token_endpoint_auth_method": "tls_client_auth"},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"id_token_signed_response_alg": "HS256"},
        {"id_token_signed_response_alg": "none"},
        {"grant_types": ["authorization_code", "implicit"]},
        {"response_types": ["code", "id_token"]},
        {"scope": "openid groups"},
        {"subject_type": "anonymous"},
    ],
    ids=str,
)
def test_what_is_not_advertised_is_not_registered(made: Shops, changes: dict[str, object]) -> None:
    client = Client(issuer=made.world.issuer, id="hopeful", now=made.world.clock.now)
    document = client.registration(**changes)
    assert made.refused("add", document=document)
