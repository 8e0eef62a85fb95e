"""The members by which a client hears of logouts (Back- and Front-Channel Logout 1.0)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from idp.domain.logout import LogoutChannels
from idp.oidc.registration.logouts import MEMBERS
from idp.oidc.registration.rules import describe, register
from tests.unit.registration.documents import NOW, POLICY, a_document, faulty_members

BACK, FRONT = "backchannel_logout_uri", "frontchannel_logout_uri"
BOTH: dict[str, Any] = {
    BACK: "https://shop.example/back?tenant=1",
    "backchannel_logout_session_required": True,
    FRONT: "https://shop.example/front?x=y",
    "frontchannel_logout_session_required": True,
}


def test_both_channels_are_kept_and_told_again() -> None:
    client = register(a_document(**BOTH), POLICY, now=NOW)
    assert client.logout == LogoutChannels(
        back=BOTH[BACK],
        back_session_required=True,
        front=BOTH[FRONT],
        front_session_required=True,
    )
    told = describe(client)
    assert {name: told[name] for name in MEMBERS} == BOTH
    assert register(told, POLICY, now=NOW) == client


def test_without_them_nothing_is_said() -> None:
    client = register(a_document(), POLICY, now=NOW)
    assert client.logout == LogoutChannels()
    assert not MEMBERS.keys() & describe(client).keys()


def test_an_address_on_loopback_is_called_where_an_operator_said_so() -> None:
    document = a_document(**{BACK: "http://127.0.0.1:8401/out"})
    assert faulty_members(document) == {BACK}
    policy = replace(POLICY, reachable=frozenset({"127.0.0.1:8401"}))
    assert register(document, policy, now=NOW).logout.back == "http://127.0.0.1:8401/out"


@pytest.mark.parametrize(
    "place",
    [
        *("127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[fd00::1]"),
        *("wiki.internal", "wiki", "shop.example:6379", "shop.example:22"),
    ],
)
def test_an_address_inside_or_at_an_odd_port_is_refused(place: str) -> None:
    assert faulty_members(a_document(**{BACK: f"https://{place}/out"})) == {BACK}


@pytest.mark.parametrize(
    "address",
    [
        "http://shop.example/out",
        "https://shop.example",
        "https://shop.example/out#x",
        "https://me@shop.example/out",
        "https://shop.example\\@evil.example/out",
        "https://*.example/out",
        "https://login.example/out",
        "javascript:alert(1)",
        "be.example.shop:/out",
        "//shop.example/out",
        "https://shop.example/a/../out",
        "https://shop.example/é",
        "",
        7,
    ],
)
@pytest.mark.parametrize("name", [BACK, FRONT])
def test_an_address_that_is_none_is_refused(name: str, address: object) -> None:
    assert faulty_members(a_document(**{name: address})) == {name}


@pytest.mark.parametrize(
    "address",
    [
        "https://other.example/out",
        "https://shop.example:8443/out",
        "https://www.shop.example/out",
        "https://shop.example/out?iss=x",
        "https://shop.example/out?a=b&sid=1",
    ],
)
def test_a_frame_is_of_an_origin_of_the_redirect_uris_and_leaves_our_parameters_to_us(
    address: str,
) -> None:
    assert faulty_members(a_document(**{FRONT: address})) == {FRONT}


def test_a_frame_is_https_though_the_redirect_uri_is_on_loopback() -> None:
    document = a_document(
        redirect_uris=["http://localhost:8401/cb"], **{FRONT: "http://localhost:8401/out"}
    )
    assert FRONT in faulty_members(document)


@pytest.mark.parametrize("channel", ["backchannel", "frontchannel"])
def test_what_is_required_of_no_address_is_refused(channel: str) -> None:
    name = f"{channel}_logout_session_required"
    assert faulty_members(a_document(**{name: True})) == {name}
