"""Addresses that an attacker would like the browser, and the code with it, to be sent to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from idp.domain.answer import RefusedToClient
from idp.domain.redirects import registered
from idp.errors import INVALID_REQUEST, REDIRECT_URI_MISMATCH, Refused
from idp.oidc.requests import At
from tests.unit.oidc.authorization.desk import CALLBACK, Caller, asking, kept_with_us, refusal

if TYPE_CHECKING:
    from tests.unit.oidc.authorization.desk import Desk

HOSTILE = [
    # RU-02: almost the same
    "https://shop.example/cb/",
    "https://shop.example/cb?x=1",
    "https://shop.example/cb?",
    "https://shop.example/cb#f",
    "https://shop.example/cb#",
    "https://shop.example/CB",
    "https://SHOP.example/cb",
    "HTTPS://shop.example/cb",
    "http://shop.example/cb",
    "https://shop.example:443/cb",
    "https://shop.example./cb",
    "https://shop.example//cb",
    "https://shop.example/cb ",
    " https://shop.example/cb",
    "https://shop.example/c%62",
    "https://user@shop.example/cb",
    "//shop.example/cb",
    "/cb",
    # RU-04: what Python and a browser read differently
    "https://evil.example\\@shop.example/cb",
    "https:\\\\shop.example/cb",
    "https://shop.example\\cb",
    "https://shop.example/cb\u3000",
    "https://sh\u043ep.example/cb",
    "https://shop\u3002example/cb",
    # RU-05: what a server behind resolves further
    "https://shop.example/cb/..;/x",
    "https://shop.example/%2e%2e/cb",
    "https://shop.example/./cb",
    "https://shop.example/x/../cb",
    # elsewhere
    "https://evil.example/cb",
    "https://shop.example.evil.example/cb",
    "https://evil.example/https://shop.example/cb",
    "javascript:alert(1)//https://shop.example/cb",
    "data:text/html,x",
]


@pytest.mark.parametrize("at", [At.AUTHORIZE, At.PAR])
@pytest.mark.parametrize("uri", HOSTILE)
@pytest.mark.proves("core.redirect-query")
def test_ru_02_04_05_nothing_but_the_registered_bytes_is_answered(
    desk: Desk, at: At, uri: str
) -> None:
    refused = refusal(desk, at, asking(redirect_uri=uri))
    assert not isinstance(refused, RefusedToClient)
    assert refused.problem in {REDIRECT_URI_MISMATCH, INVALID_REQUEST}
    assert "evil" not in refused.detail


@pytest.mark.parametrize("uri", ["https://shop.example/cb\n", "https://shop.example/cb\x00", "\t"])
def test_ru_04_control_characters_never_reach_the_comparison(uri: str) -> None:
    with pytest.raises(Refused):
        asking(redirect_uri=uri)


LOOPBACK = "http://127.0.0.1/cb"


@pytest.mark.parametrize(
    ("uri", "uris"),
    [
        ("http://127.0.0.1:51234/cb", (LOOPBACK,)),
        ("http://127.0.0.1/cb", ("http://127.0.0.1:1/cb",)),
        ("http://127.0.0.1:65535/cb?a=b", ("http://127.0.0.1/cb?a=b",)),
        ("http://[::1]:8080/cb", ("http://[::1]/cb",)),
    ],
)
def test_ru_08_the_port_of_a_loopback_literal_may_vary(uri: str, uris: tuple[str, ...]) -> None:
    assert registered(uri, uris) == uri


@pytest.mark.parametrize(
    ("uri", "uris"),
    [
        ("http://127.0.0.1:51234/other", (LOOPBACK,)),
        ("http://127.0.0.1:51234/cb?x", (LOOPBACK,)),
        ("http://127.0.0.1:0/cb", (LOOPBACK,)),
        ("http://127.0.0.1:080/cb", (LOOPBACK,)),
        ("http://127.0.0.1:65536/cb", (LOOPBACK,)),
        ("http://127.0.0.1:99999/cb", (LOOPBACK,)),
        ("http://127.0.0.1:/cb", (LOOPBACK,)),
        ("http://127.0.0.1:1@evil.example/cb", (LOOPBACK,)),
        ("http://127.0.0.1:1\\@evil.example/cb", (LOOPBACK,)),
        ("http://127.0.0.1.evil.example/cb", (LOOPBACK,)),
        ("https://127.0.0.1:51234/cb", (LOOPBACK,)),
        ("http://127.0.0.2/cb", (LOOPBACK,)),
        ("http://127.1/cb", (LOOPBACK,)),
        ("http://[::1]:80/cb", (LOOPBACK,)),
        ("http://[0:0:0:0:0:0:0:1]/cb", ("http://[::1]/cb",)),
        ("http://localhost:51234/cb", ("http://localhost/cb",)),
        ("http://127.0.0.1:51234/cb", ("http://localhost/cb",)),
        ("https://rp.example:51234/cb", ("https://rp.example/cb",)),
    ],
)
def test_ru_08_nothing_else_of_any_address_may_vary(uri: str, uris: tuple[str, ...]) -> None:
    assert registered(uri, uris) is None


def test_ru_10_an_unknown_response_type_never_opens_an_unregistered_address(desk: Desk) -> None:
    hostile = asking(redirect_uri="https://evil.example/", response_type="unheard-of")
    kept_with_us(refusal(desk, At.AUTHORIZE, hostile), REDIRECT_URI_MISMATCH)


def test_adm_14_an_address_taken_out_is_refused_to_what_was_pushed_with_it(desk: Desk) -> None:
    pushed = desk.pushed.push(asking(), Caller(client=desk.client()))
    desk.change(redirect_uris=("https://shop.example/elsewhere",))
    refused = refusal(desk, At.AUTHORIZE, asking(request_uri=str(pushed["request_uri"])))
    kept_with_us(refused, REDIRECT_URI_MISMATCH)
    assert CALLBACK not in refused.detail
