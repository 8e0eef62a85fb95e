"""Clients by certificate: CLI-24 and its kin. Whose word counts, whose certificate, whose key."""

from __future__ import annotations

import base64
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from idp.domain.certificate_use import CertificateUse, SubjectPart
from idp.domain.client import ClientAuth
from tests.attacks.certificates.shop import DNS, MTLS, NAME, PROXY, STRANGER, Shop
from tests.world.client_certificates import DAY, certified

if TYPE_CHECKING:
    from pathlib import Path


def proven(answer: Any) -> bool:
    if answer.status_code == 200:
        assert answer.json == {"active": False}
        return True
    assert answer.status_code == 401, answer.text
    assert answer.json["error"] == "invalid_client"
    return False


# --- whose word counts ----------------------------------------------------------------------------


def test_the_named_proxy_is_believed(shop: Shop) -> None:
    assert proven(shop.prove(shop.own))


@pytest.mark.parametrize("peer", [STRANGER, "127.0.0.1", "10.0.0.2", "::1", "::ffff:192.0.2.66"])
def test_a_certificate_from_anybody_else_is_as_if_it_had_not_come(shop: Shop, peer: str) -> None:
    without = shop.prove(None, proxy=peer)
    lying = shop.prove(shop.own, proxy=peer)
    assert not proven(lying)
    assert (lying.status_code, lying.json) == (without.status_code, without.json)
    garbled = shop.prove("no certificate at all", proxy=peer)
    assert (garbled.status_code, garbled.json) == (without.status_code, without.json)


def test_a_forwarded_address_makes_nobody_a_proxy(shop: Shop) -> None:
    assert not proven(shop.prove(shop.own, proxy=STRANGER, X_Forwarded_For=PROXY))


@pytest.mark.parametrize("verified", [None, "NONE", "FAILED:self-signed certificate", "success"])
def test_a_subject_counts_only_in_a_chain_that_the_proxy_verified(
    shop: Shop, verified: str | None
) -> None:
    assert not proven(shop.prove(shop.own, verified=verified))


def test_nobody_verifies_chains_unless_the_settings_say_so(tmp_path: Path) -> None:
    shop = Shop(tmp_path, chain="nobody")
    shop.by_subject()
    assert not proven(shop.prove(shop.own))
    told = shop.send("/.well-known/openid-configuration").json
    assert "tls_client_auth" not in told["token_endpoint_auth_methods_supported"]
    assert "self_signed_tls_client_auth" in told["token_endpoint_auth_methods_supported"]
    shop.house.close()


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "::",
        ":AA==",
        "AA==:",
        ":AA==:",
        ":not base64 at all:",
        "-----BEGIN CERTIFICATE-----",
        ":" + "A" * 40_000 + ":",
        ":\u00e9:",
    ],
)
def test_what_the_proxy_did_not_write_as_agreed_is_refused(shop: Shop, text: str) -> None:
    answer = shop.prove(text)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_two_certificates_are_none(shop: Shop) -> None:
    answer = shop.prove(f"{shop.own.header}, {shop.selfmade.header}")
    assert answer.status_code == 400
    der = base64.b64encode(shop.own.der + shop.selfmade.der).decode()
    assert shop.prove(f":{der}:").status_code == 400


def test_nginx_writes_it_in_its_own_way(tmp_path: Path) -> None:
    shop = Shop(tmp_path, form="escaped-pem", header="X-SSL-Client-Cert", chain="proxy")
    shop.by_subject()
    assert proven(shop.prove(shop.own.escaped, header="X-SSL-Client-Cert", verified=None))
    assert not proven(shop.prove(shop.own, header="Client-Cert"))
    two = shop.own.escaped + shop.selfmade.escaped
    assert shop.prove(two, header="X-SSL-Client-Cert").status_code == 400
    assert shop.prove(shop.own.header, header="X-SSL-Client-Cert").status_code == 400
    shop.house.close()


# --- whose certificate ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "CN=shop",
        "CN=shop,O=The Shop,C=NL",
        "CN=shop,O=The Shop,OU=Other,C=BE",
        "O=The Shop,CN=shop,C=BE",
        "C=BE,O=The Shop,CN=shop",
        "CN=shop+O=The Shop,C=BE",
        r"CN=shop\,O\=The Shop\,C\=BE",
        "CN=Shop,O=The Shop,C=BE",
    ],
)
def test_another_subject_of_the_same_authority(shop: Shop, name: str) -> None:
    other = certified(name, shop.house.at, by=shop.authority)
    assert not proven(shop.prove(other))


DNS_NAME = x509.DNSName
PARTS = [
    (SubjectPart.SAN_DNS, DNS, DNS_NAME(DNS), DNS_NAME("other.shop.example")),
    (SubjectPart.SAN_DNS, DNS, DNS_NAME(DNS.upper()), DNS_NAME("*.shop.example")),
    (
        SubjectPart.SAN_URI,
        "https://shop.example/a",
        x509.UniformResourceIdentifier("https://shop.example/a"),
        x509.UniformResourceIdentifier("https://shop.example/A"),
    ),
    (
        SubjectPart.SAN_IP,
        "192.0.2.8",
        x509.IPAddress(ip_address("192.0.2.8")),
        x509.IPAddress(ip_address("192.0.2.9")),
    ),
    (
        SubjectPart.SAN_EMAIL,
        "shop@shop.example",
        x509.RFC822Name("shop@shop.example"),
        x509.RFC822Name("shop@other.example"),
    ),
    (SubjectPart.SAN_DNS, DNS, DNS_NAME(DNS), x509.UniformResourceIdentifier(f"dns:{DNS}")),
]


@pytest.mark.parametrize(("part", "value", "right", "wrong"), PARTS)
def test_the_same_authority_and_name_with_another_alternative_name(
    shop: Shop, part: SubjectPart, value: str, right: Any, wrong: Any
) -> None:
    shop.by_subject(part, value)

    def shown(*others: Any) -> Any:
        return certified(NAME, shop.house.at, by=shop.authority, others=others)

    assert proven(shop.prove(shown(right)))
    assert proven(shop.prove(shown(wrong, right)))
    assert not proven(shop.prove(shown(wrong)))
    assert not proven(shop.prove(shown()))


def test_a_certificate_out_of_time(shop: Shop) -> None:
    past = certified(NAME, shop.house.at - 60 * DAY, by=shop.authority)
    future = certified(NAME, shop.house.at + 2 * DAY, by=shop.authority)
    assert not proven(shop.prove(past))
    assert not proven(shop.prove(future))


# --- whose key ------------------------------------------------------------------------------------


def test_a_key_that_is_registered_proves_whatever_the_names_say(shop: Shop) -> None:
    shop.by_key()
    assert proven(shop.prove(shop.selfmade, verified="FAILED:self-signed certificate"))
    stranger = certified("CN=anything", shop.house.at)
    assert not proven(shop.prove(stranger))
    assert not proven(shop.prove(shop.own))
    shop.by_key(stranger, shop.selfmade)
    assert proven(shop.prove(stranger))
    expired = certified("CN=anything", shop.house.at, lasts=timedelta(hours=1))
    shop.by_key(expired)
    assert not proven(shop.prove(expired))


def test_a_key_that_answers_are_encrypted_to_proves_nobody(shop: Shop) -> None:
    shop.register(
        auth=ClientAuth.SELF_SIGNED_TLS,
        jwks={"keys": [{**shop.selfmade.jwk, "use": "enc"}, shop.own.jwk]},
        certificates=CertificateUse(bound=True),
    )
    assert proven(shop.prove(shop.own))
    assert not proven(shop.prove(shop.selfmade))


def test_a_certificate_proves_no_client_of_another_method(shop: Shop) -> None:
    for auth in (ClientAuth.PRIVATE_KEY_JWT, ClientAuth.SECRET_BASIC, ClientAuth.SECRET_POST):
        shop.register(auth=auth, jwks={"keys": [shop.own.jwk]})
        assert not proven(shop.prove(shop.own))


@pytest.mark.parametrize("shown", [True, False])
def test_a_name_alone_or_a_secret_proves_no_client_by_certificate(
    shop: Shop, *, shown: bool
) -> None:
    fields = {"client_id": "shop", "client_secret": "x", "token": "x"}
    answer = shop.send("/introspect", fields, shown=shop.own if shown else None)
    assert not proven(answer)
    assert not proven(shop.prove(None))
    basic = base64.b64encode(b"shop:x").decode()
    said = shop.send("/introspect", {"token": "x"}, shown=shop.own, Authorization=f"Basic {basic}")
    assert not proven(said)


# --- the host that asks for certificates ----------------------------------------------------------


def test_machines_are_answered_at_both_hosts_and_people_at_one(shop: Shop) -> None:
    assert proven(shop.prove(shop.own, at=MTLS))
    assert proven(shop.prove(shop.own, at=f"{MTLS}:443"))
    for path in ("/authorize", "/", "/logout", "/account", "/login/aaaaaaaaaaaa", "/phone/"):
        assert shop.send(path, at=MTLS).status_code == 404, path
    assert shop.send("/grants/some-grant", at=MTLS).status_code == 401
    assert shop.send("/", at="https://other.example").status_code == 400


def test_discovery_says_where_certificates_are_asked_for(shop: Shop) -> None:
    told = shop.send("/.well-known/openid-configuration").json
    assert told["tls_client_certificate_bound_access_tokens"]
    assert {*told["mtls_endpoint_aliases"]} == {
        "token_endpoint",
        "userinfo_endpoint",
        "introspection_endpoint",
        "revocation_endpoint",
        "grant_management_endpoint",
        "pushed_authorization_request_endpoint",
        "backchannel_authentication_endpoint",
    }
    for name, address in told["mtls_endpoint_aliases"].items():
        assert address.startswith(f"{MTLS}/")
        assert address.rpartition("/")[2] == told[name].rpartition("/")[2]


def test_without_a_proxy_nothing_is_advertised_and_nothing_works(tmp_path: Path) -> None:
    shop = Shop(tmp_path, proxies=[], url=None)
    shop.by_subject()
    assert not proven(shop.prove(shop.own))
    told = shop.send("/.well-known/openid-configuration").json
    assert told.keys().isdisjoint(
        {"tls_client_certificate_bound_access_tokens", "mtls_endpoint_aliases"}
    )
    methods = set(told["token_endpoint_auth_methods_supported"])
    assert methods.isdisjoint({"tls_client_auth", "self_signed_tls_client_auth"})
    shop.house.close()
