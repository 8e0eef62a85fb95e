"""Settings of client certificates: what lets the wrong peer speak, or nobody hear, is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from idp.config import Environment, Settings
from idp.config.safety import ConfigRefused, refuse_unsafe
from idp.domain.client import ClientAuth
from idp.oidc.auth_methods import offered_methods

PROXY = ["127.0.0.1/32"]
TLS, BY_KEY = ClientAuth.TLS, ClientAuth.SELF_SIGNED_TLS


def made(**mtls: Any) -> Settings:
    return Settings(environment=Environment.TEST, issuer="https://login.example", mtls=mtls)


@pytest.mark.parametrize(
    ("mtls", "said"),
    [
        ({"url": "https://mtls.login.example"}, "name the proxy"),
        ({"url": "http://mtls.login.example", "proxies": PROXY}, "write https://host"),
        ({"url": "https://mtls.login.example/", "proxies": PROXY}, "write https://host"),
        ({"url": "https://mtls.login.example/x", "proxies": PROXY}, "write https://host"),
        ({"url": "https://a@mtls.login.example", "proxies": PROXY}, "write https://host"),
        ({"url": "https://login.example", "proxies": PROXY}, "leave it out"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(mtls: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigRefused, match=said):
        refuse_unsafe(made(**mtls))
    refuse_unsafe(made(url="https://mtls.login.example:8443", proxies=PROXY))


@pytest.mark.parametrize(
    "mtls",
    [
        {"proxies": ["everybody"]},
        {"proxies": ["127.0.0.1/8"]},
        {"header": "Client Cert"},
        {"header": "Client_Cert"},
        {"header": ""},
        {"form": "pem"},
        {"chain": "maybe"},
        {"trusted": PROXY},
    ],
)
def test_what_is_no_setting_is_refused(mtls: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(**mtls)


@pytest.mark.parametrize(
    ("mtls", "offered"),
    [
        ({}, set()),
        ({"chain": "proxy"}, set()),
        ({"proxies": PROXY}, {BY_KEY}),
        ({"proxies": PROXY, "chain": "told"}, {TLS, BY_KEY}),
        ({"proxies": PROXY, "chain": "proxy"}, {TLS, BY_KEY}),
    ],
)
def test_a_method_is_offered_where_somebody_answers_for_it(
    mtls: dict[str, Any], offered: set[ClientAuth]
) -> None:
    assert {TLS, BY_KEY} & set(offered_methods(made(**mtls))) == offered
