"""Registration by the e-services themselves: what is taken, what is told, what stays ours."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.client import ClientAuth, Pkce, SubjectType
from idp.oidc.metadata import metadata
from tests.unit.oidc.dynamic.registry import CALLBACK, ISSUER, open_registry
from tests.unit.registration.documents import EC, RSA, public

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.oidc.dynamic.registry import Registry


@pytest.mark.proves("registration.created")
def test_a_library_gets_what_the_standards_default_to(registry: Registry) -> None:
    answer = registry.register()
    assert answer.status_code == 201
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json
    client = registry.client(told["client_id"])
    assert client is not None
    assert told["client_id_issued_at"] == int(registry.clock().timestamp())
    assert told["token_endpoint_auth_method"] == "client_secret_basic"
    assert told["grant_types"] == ["authorization_code"]
    assert told["response_types"] == ["code"]
    assert told["id_token_signed_response_alg"] == "RS256"
    assert told["subject_type"] == "pairwise"
    assert told["redirect_uris"] == [CALLBACK]
    assert told["client_name"] == "The shop"
    assert told["registration_client_uri"] == f"{ISSUER}/register/{told['client_id']}"
    assert len(told["client_secret"]) == len(told["registration_access_token"]) == 43
    ends = registry.clock() + timedelta(days=365)
    assert told["client_secret_expires_at"] == int(ends.timestamp())
    assert client.expires_at == ends
    assert client.sector == "rp.example"
    assert client.pkce is Pkce.REQUIRED
    assert (client.scopes, client.purposes) == (("openid",), ())


def test_neither_token_nor_secret_is_kept(registry: Registry) -> None:
    told = registry.registered()
    client = registry.client(told["client_id"])
    for secret in (told["client_secret"], told["registration_access_token"]):
        assert secret not in repr(client)
        with registry.services.ledger.read() as unit:
            history = unit.clients.history(client.id)  # type: ignore[union-attr]
        assert secret not in repr(history)


def test_a_client_reads_what_it_registered_and_its_token_again(registry: Registry) -> None:
    told = registry.registered(contacts=["ops@rp.example"], application_type="web")
    token, where = told["registration_access_token"], told["registration_client_uri"]
    answer = registry.send("GET", where, token=token)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    gone = {"client_secret", "client_secret_expires_at"}
    assert answer.json == {name: value for name, value in told.items() if name not in gone}
    assert answer.json["contacts"] == ["ops@rp.example"]


@pytest.mark.parametrize(
    "members",
    [
        {"initiate_login_uri": "https://rp.example/login"},
        {"client_uri": "https://rp.example"},
        {"logo_uri": "https://rp.example/logo.png"},
        {"policy_uri": "https://rp.example/policy", "policy_uri#fr": "https://rp.example/regles"},
        {"tos_uri": "https://rp.example/terms"},
        {"client_name#nl": "De winkel"},
        {"software_id": "4NRB1-0XZABZI9E6-5SM3R", "software_version": "2.1"},
        {"default_acr_values": ["http://eidas.europa.eu/LoA/high"]},
        {"default_max_age": 600},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"grant_types": ["authorization_code", "refresh_token"], "scope": "openid offline_access"},
        {"require_pushed_authorization_requests": True},
        {"dpop_bound_access_tokens": True},
        {"id_token_signed_response_alg": "ES256"},
        {"post_logout_redirect_uris": ["https://rp.example/bye"]},
        {"backchannel_logout_uri": "https://rp.example/logout"},
    ],
)
@pytest.mark.proves("registration.initiate-login")
def test_what_is_registered_comes_back_by_its_name(
    registry: Registry, members: dict[str, object]
) -> None:
    told = registry.registered(**members)
    assert {name: told[name] for name in members} == members
    again = registry.send(
        "GET", told["registration_client_uri"], token=told["registration_access_token"]
    )
    assert {name: again.json[name] for name in members} == members


@pytest.mark.parametrize(("key", "algorithm"), [(EC, "ES256"), (RSA, "PS256"), (RSA, "RS256")])
def test_a_client_with_keys_has_no_secret(registry: Registry, key: Any, algorithm: str) -> None:
    told = registry.registered(
        token_endpoint_auth_method="private_key_jwt",
        token_endpoint_auth_signing_alg=algorithm,
        jwks={"keys": [public(key, kid="k")]},
    )
    assert "client_secret" not in told
    assert "client_secret_expires_at" not in told
    assert told["jwks"]["keys"][0]["kid"] == "k"


def test_a_public_client_may_be_an_app_and_is_a_sector_by_itself(registry: Registry) -> None:
    apps = [
        registry.registered(
            token_endpoint_auth_method="none",
            application_type="native",
            redirect_uris=["be.example.app:/cb", "http://127.0.0.1/cb"],
        )
        for _ in range(2)
    ]
    found = [registry.client(told["client_id"]) for told in apps]
    assert all(client is not None and client.auth is ClientAuth.NONE for client in found)
    assert [client.sector for client in found if client] == [told["client_id"] for told in apps]


@pytest.mark.parametrize(
    ("members", "error", "named"),
    [
        ({"redirect_uris": None}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": [f"{CALLBACK}#here"]}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": ["http://rp.example/cb"]}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": [f"{ISSUER}/cb"]}, "invalid_redirect_uri", "redirect_uris"),
        (
            {"redirect_uris": [CALLBACK, "https://other.example/"]},
            "invalid_client_metadata",
            "sector",
        ),
        ({"response_types": ["token"]}, "invalid_client_metadata", "response_types"),
        ({"grant_types": ["password"]}, "invalid_client_metadata", "grant_types"),
        ({"subject_type": "public"}, "invalid_client_metadata", "subject_type"),
        ({"scope": "openid egovnrn"}, "invalid_client_metadata", "scope"),
        ({"initiate_login_uri": "http://rp.example/"}, "invalid_client_metadata", "initiate"),
        ({"id_token_signed_response_alg": "none"}, "invalid_client_metadata", "id_token_signed"),
        ({"jwks_uri": "https://10.0.0.1/"}, "invalid_client_metadata", "jwks_uri"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "invalid_client_metadata", "token"),
        ({"client_name": "gpj.\u202etoof"}, "invalid_client_metadata", "client_name"),
        ({"software_statement": "never signed"}, "invalid_software_statement", ""),
        ({"software_statement": "e30.e30.AA"}, "unapproved_software_statement", ""),
    ],
)
@pytest.mark.proves("registration.fragment")
def test_what_cannot_be_registered_is_named(
    registry: Registry, members: dict[str, object], error: str, named: str
) -> None:
    answer = registry.register(**members)
    assert answer.status_code == 400
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["error"] == error
    assert named in answer.json["error_description"]
    with registry.services.ledger.read() as unit:
        assert unit.clients.all() == []


def test_unknown_members_and_languages_are_ignored(registry: Registry) -> None:
    told = registry.registered(
        **{"client_name#ja-Jpan-JP": "店", "client_name#fr-BE": "La boutique", "made_up": {"a": 1}}
    )
    assert (told["client_name"], told["client_name#fr"]) == ("The shop", "La boutique")
    assert {"client_name#ja-Jpan-JP", "made_up"}.isdisjoint(told)


def test_who_asks_behind_the_browser_is_of_a_sector_that_it_proved(registry: Registry) -> None:
    ciba = "urn:openid:params:grant-type:ciba"
    grants = ["authorization_code", ciba]
    alone = registry.registered(grant_types=grants)
    where = "https://rp.example/uris.json"
    registry.web.pages[where] = json.dumps([CALLBACK]).encode()
    proven = registry.registered(grant_types=grants, sector_identifier_uri=where)
    plain = registry.registered()
    sectors = []
    for told in (alone, proven, plain):
        client = registry.client(told["client_id"])
        assert client is not None
        sectors.append(client.sector)
    assert sectors == [alone["client_id"], "rp.example", "rp.example"]
    grown = {"client_id": plain["client_id"], "redirect_uris": [CALLBACK], "grant_types": grants}
    token = plain["registration_access_token"]
    assert (
        registry.send("PUT", plain["registration_client_uri"], grown, token=token).status_code
        == 200
    )
    client = registry.client(plain["client_id"])
    assert client is not None
    assert client.sector == plain["client_id"]


def test_who_has_no_name_is_called_by_its_host(registry: Registry) -> None:
    assert registry.registered(client_name=None)["client_name"] == "rp.example"


@pytest.mark.parametrize(
    "members",
    [
        {"purposes": [{"name": "all", "reason": {"en": "why"}, "claims": ["given_name"]}]},
        {"sector": "bank.example"},
        {"pkce": "optional"},
        {"client_id": "bank"},
        {"expires_at": "2099-01-01"},
        {"contact": "somebody"},
        {"resources": ["https://bank.example/"]},
        {"resource_targets": ["https://bank.example/"]},
    ],
)
def test_what_operators_decide_is_not_the_clients_to_say(
    registry: Registry, members: dict[str, object]
) -> None:
    told = registry.registered(**members)
    client = registry.client(told["client_id"])
    assert client is not None
    assert members.keys() & told.keys() <= {"client_id"}
    assert (client.purposes, client.sector, client.pkce) == ((), "rp.example", Pkce.REQUIRED)
    assert client.id.startswith("own-")
    assert client.contact is None


def test_a_sector_identifier_lists_every_redirect_uri(registry: Registry) -> None:
    where = "https://sector.example/uris.json"
    uris = [CALLBACK, "https://other.example/cb"]
    registry.web.pages[where] = json.dumps([*uris, "https://third.example/"]).encode()
    told = registry.registered(redirect_uris=uris, sector_identifier_uri=where)
    client = registry.client(told["client_id"])
    assert client is not None
    assert (client.sector, client.subject_type) == ("sector.example", SubjectType.PAIRWISE)
    assert told["sector_identifier_uri"] == where


@pytest.mark.parametrize(
    "page",
    [
        None,
        b"[]",
        b'["https://rp.example/other"]',
        b'{"uris": ["https://rp.example/cb"]}',
        b'["https://rp.example/cb", 7]',
        b"\xff",
        b"[" * 20_000,
        b"<html>",
    ],
)
@pytest.mark.proves("registration.sector")
def test_a_sector_identifier_that_lists_it_not_is_refused(
    registry: Registry, page: bytes | None
) -> None:
    where = "https://sector.example/uris.json"
    if page is not None:
        registry.web.pages[where] = page
    answer = registry.register(sector_identifier_uri=where)
    assert answer.status_code == 400
    assert answer.json["error"] == "invalid_client_metadata"
    assert "sector_identifier_uri" in answer.json["error_description"]
    assert registry.web.asked == [where]


def test_the_list_is_read_again_only_where_the_redirect_uris_grow(registry: Registry) -> None:
    where = "https://sector.example/uris.json"
    registry.web.pages[where] = json.dumps([CALLBACK]).encode()
    told = registry.registered(sector_identifier_uri=where)
    same = {
        "client_id": told["client_id"],
        "redirect_uris": [CALLBACK],
        "sector_identifier_uri": where,
    }
    token, address = told["registration_access_token"], told["registration_client_uri"]
    assert registry.send("PUT", address, same, token=token).status_code == 200
    assert len(registry.web.asked) == 1
    more = {**same, "redirect_uris": [CALLBACK, "https://rp.example/more"]}
    assert registry.send("PUT", address, more, token=token).status_code == 400
    assert len(registry.web.asked) == 2


def test_in_the_conformance_environment_a_client_may_ask_for_what_seeded_persons_are(
    tmp_path: Path,
) -> None:
    with open_registry(tmp_path, environment="conformance") as registry:
        told = registry.registered(grant_types=["authorization_code", "refresh_token"])
        client = registry.client(told["client_id"])
    assert client is not None
    assert client.pkce is Pkce.OPTIONAL
    assert {"openid", "profile", "email", "phone", "address", "offline_access"} <= set(
        client.scopes
    )
    claims = {claim for purpose in client.purposes for claim in purpose.claims}
    assert {"name", "email_verified", "address", "phone_number", "updated_at"} <= claims
    assert "rrn" not in str(claims)


def test_the_endpoint_is_advertised_and_served_only_where_it_is_on(tmp_path: Path) -> None:
    (tmp_path / "off").mkdir()
    with open_registry(tmp_path / "off", mode="off") as closed:
        found = metadata(closed.services.settings, algorithms=("ES256",))
        assert "registration_endpoint" not in found
        assert closed.register().status_code == 404
        assert closed.send("GET", "/register/own-x", token="t" * 43).status_code == 404
    (tmp_path / "on").mkdir()
    with open_registry(tmp_path / "on") as registry:
        found = metadata(registry.services.settings, algorithms=("ES256",))
        assert found["registration_endpoint"] == f"{ISSUER}/register"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/register"), ("PATCH", "/register/own-x"), ("POST", "/register/own-x")],
)
def test_other_methods_are_not_allowed(registry: Registry, method: str, path: str) -> None:
    answer = registry.send(method, path)
    assert answer.status_code == 405
    assert "OPTIONS" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/register/", "/register/a/b", "/registers"])
def test_nothing_else_is_below_it(registry: Registry, path: str) -> None:
    assert registry.send("GET", path, token="t" * 43).status_code == 404
