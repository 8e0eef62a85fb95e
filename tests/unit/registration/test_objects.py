"""How a client registers request objects (Dynamic Client Registration 1.0 section 2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from idp.config import Environment, Settings
from idp.domain.object_use import ObjectUse
from idp.oidc.metadata import metadata
from idp.oidc.object_offers import STRONG, ObjectOffers, object_offers
from idp.oidc.registration.objects import ALGORITHM, URIS
from idp.oidc.registration.rules import describe, register
from tests.unit.registration.documents import NOW, POLICY, a_document, faulty_members

EVERY = ObjectOffers(signing=(*STRONG, "RS256"), unsigned=True, by_reference=True)
ALL = replace(POLICY, objects=EVERY)
ADDRESS = "https://shop.example/object"


def test_what_is_registered_is_kept_and_told_again() -> None:
    members: dict[str, Any] = {ALGORITHM: "RS256", URIS: [ADDRESS, f"{ADDRESS}#{'A' * 43}"]}
    client = register(a_document(**members), ALL, now=NOW)
    assert client.objects == ObjectUse(algorithm="RS256", uris=tuple(members[URIS]))
    told = describe(client)
    assert {name: told[name] for name in members} == members
    assert register(told, ALL, now=NOW) == client


@pytest.mark.parametrize("algorithm", ["RS256", "none"])
def test_what_is_not_offered_cannot_be_registered(algorithm: str) -> None:
    assert faulty_members(a_document(**{ALGORITHM: algorithm})) == {ALGORITHM}
    assert faulty_members(a_document(**{URIS: [ADDRESS]})) == {URIS}
    assert faulty_members(a_document(**{ALGORITHM: "PS256"})) == set()


@pytest.mark.parametrize("algorithm", ["HS256", "None", "ES384", ""])
def test_nothing_else_is_an_algorithm(algorithm: str) -> None:
    assert faulty_members(a_document(**{ALGORITHM: algorithm}), ALL) == {ALGORITHM}


def test_none_and_required_signatures_exclude_each_other() -> None:
    document = a_document(**{ALGORITHM: "none", "require_signed_request_object": True})
    assert faulty_members(document, ALL) == {ALGORITHM}


def test_who_signs_needs_keys() -> None:
    document = a_document(token_endpoint_auth_method="client_secret_basic", jwks=None)
    assert faulty_members({**document, ALGORITHM: "RS256"}, ALL) == {ALGORITHM}
    assert faulty_members({**document, ALGORITHM: "none"}, ALL) == set()


@pytest.mark.parametrize(
    "uri",
    [
        *("http://shop.example/object", "https://127.0.0.1/x", "https://169.254.169.254/x"),
        *("https://[::1]/x", "https://wiki.internal/x", "https://shop.example:6379/x"),
        *("https://user@shop.example/x", "https://shop.example\\@evil.example/x"),
        *(f"{ADDRESS}#", f"{ADDRESS}#short", f"{ADDRESS}#{'A' * 42}=", f"{ADDRESS}#{'A' * 43}#"),
        *("urn:ietf:params:oauth:request_uri:x", "file:///etc/passwd"),
        f"{ADDRESS}/{'x' * 512}",
    ],
)
def test_an_address_that_leads_elsewhere_is_refused(uri: str) -> None:
    assert faulty_members(a_document(**{URIS: [ADDRESS, uri]}), ALL) == {f"{URIS}[1]"}


@pytest.mark.parametrize(
    ("settings", "offers"),
    [
        ({}, ObjectOffers()),
        ({"requests": {"by_reference": True}}, ObjectOffers(by_reference=True)),
        ({"requests": {"unsigned": True}}, ObjectOffers(unsigned=True)),
        ({"requests": {"rs256": True}}, ObjectOffers(signing=(*STRONG, "RS256"))),
        ({"environment": Environment.CONFORMANCE}, replace(EVERY, hashed=False)),
    ],
)
def test_discovery_says_what_a_deployment_takes(
    settings: dict[str, Any], offers: ObjectOffers
) -> None:
    whole = Settings(**{"environment": Environment.TEST, "issuer": POLICY.issuer, **settings})
    assert object_offers(whole) == offers
    told = metadata(whole, algorithms=("ES256",))
    assert told["request_object_signing_alg_values_supported"] == list(offers.algorithms)
    assert told["request_uri_parameter_supported"] is offers.by_reference
    assert ("require_request_uri_registration" in told) is offers.by_reference
