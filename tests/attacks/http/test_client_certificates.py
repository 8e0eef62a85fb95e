"""The header of client certificates at a real server, beside names that look like it."""

from __future__ import annotations

import http.client
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import pytest

from tests.world.client_certificates import certified

if TYPE_CHECKING:
    from tests.world.shops import Shops

NOW = datetime.now(UTC)
OWN, OTHER = (certified(f"CN={name}", NOW) for name in ("by-certificate", "other"))
NAME = "SesameClientCert"
ALIKE = ("Sesame-Client-Cert", "Sesame_Client_Cert", "sesame_clientcert", "Client-Cert")


@pytest.fixture(scope="module")
def address(attacked: Shops) -> str:
    attacked.add(
        "by-certificate",
        auth="tls_client_auth",
        changes={"tls_client_auth_subject_dn": "CN=by-certificate"},
    )
    return urlsplit(attacked.world.issuer).netloc


def asked(address: str, *headers: tuple[str, str]) -> int:
    body = urlencode({"client_id": "by-certificate", "token": "x"}).encode()
    line = http.client.HTTPConnection("127.0.0.1", int(address.partition(":")[2]), timeout=20)
    line.putrequest("POST", "/introspect", skip_host=True)
    line.putheader("Host", address)
    line.putheader("Content-Type", "application/x-www-form-urlencoded")
    line.putheader("Content-Length", str(len(body)))
    for name, value in headers:
        line.putheader(name, value)
    line.endheaders(body)
    answer = line.getresponse()
    answer.read()
    line.close()
    return answer.status


def test_the_proxys_own_header_counts(address: str) -> None:
    assert asked(address, (NAME, OWN.header)) == 200
    assert asked(address, (NAME.lower(), OWN.header)) == 200


def test_no_name_that_looks_like_it_counts(address: str) -> None:
    proxys = (NAME, OTHER.header)
    for alike in ALIKE:
        assert asked(address, (alike, OWN.header), proxys) == 401
    assert asked(address, proxys, *((alike, OWN.header) for alike in ALIKE)) == 401
    assert asked(address, *((alike, OWN.header) for alike in ALIKE)) == 401


def test_the_header_twice_is_no_certificate(address: str) -> None:
    assert asked(address, (NAME, OWN.header), (NAME.lower(), OTHER.header)) == 400
    assert asked(address, (NAME, OTHER.header), (NAME, OWN.header)) == 400
