"""Registrations that an attacker would like to have: addresses, keys and names that deceive."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, OKPKey

from tests.unit.registration.documents import EC, RSA, a_document, faulty_members, public


@pytest.mark.parametrize("member", ["redirect_uris", "post_logout_redirect_uris"])
@pytest.mark.parametrize(
    "uri",
    [
        # RU-04: what Python and a browser read differently
        "https://evil.example\\@rp.example/cb",
        "https:\\\\evil.example/cb",
        "https://rp.example/cb\t",
        "https://rp.example/\r\nLocation: https://evil.example",
        "https://rp.example/\x00",
        "https://rp.ex\u0430mple/cb",
        "https://rp.example\u3002evil.example/",
        "https://user@rp.example/cb",
        "https://rp.example:443@evil.example/cb",
        "https://rp.example@@evil.example/",
        # RU-05: what a server behind resolves further
        "https://rp.example/cb/..;/x",
        "https://rp.example/%2e%2e/x",
        "https://rp.example/%2E./x",
        "https://rp.example/./cb",
        "https://rp.example/a/../cb",
        "https://rp.example/a%2f..%2fcb",
        "https://rp.example/a%5c..",
        "https://rp.example/%252e%252e/",
        "https://rp.example/.;a/cb",
        # RU-07, SES-14: addresses that are programs
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "blob:https://rp.example/1",
        "about:blank",
        "view-source:https://rp.example/",
        "intent://rp#Intent;end",
        # wildcards, fragments, cleartext
        "https://*.rp.example/cb",
        "https://rp.example/*",
        "https://rp.example/cb#x",
        "http://rp.example/cb",
        "http://localhost@evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "http://2130706433/cb",
        "http://0/cb",
    ],
)
@pytest.mark.parametrize("method", ["private_key_jwt", "none"])
def test_an_address_that_deceives_is_never_registered(member: str, uri: str, method: str) -> None:
    document = a_document(
        token_endpoint_auth_method=method, jwks={"keys": [public(EC)]} if method != "none" else None
    )
    document[member] = [uri]
    assert f"{member}[0]" in faulty_members(document)


def rsa_key(*, bits: int, exponent: int) -> dict[str, object]:
    numbers = rsa.generate_private_key(exponent, bits).public_key().public_numbers()
    return {"kty": "RSA", "n": encoded(numbers.n), "e": encoded(numbers.e)}


def encoded(number: int) -> str:
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return urlsafe_b64encode(octets).decode().rstrip("=")


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(EC.as_dict(private=True), id="private EC"),
        pytest.param(RSA.as_dict(private=True), id="private RSA"),
        pytest.param(public(RSA, dp="AQ"), id="a part of a private RSA key"),
        pytest.param({"kty": "oct", "k": "c2VjcmV0"}, id="oct"),
        pytest.param({"kty": "oct"}, id="oct without its value"),
        pytest.param(rsa_key(bits=1024, exponent=65537), id="RSA of 1024 bits"),
        pytest.param(rsa_key(bits=2048, exponent=3), id="RSA with exponent 3"),
        pytest.param(public(ECKey.generate_key("P-384")), id="a curve we have no algorithm for"),
        pytest.param(public(ECKey.generate_key("secp256k1")), id="secp256k1"),
        pytest.param(public(OKPKey.generate_key("X25519")), id="a key agreement key"),
        pytest.param(public(EC, x="AAAA", y="AAAA"), id="a point off the curve"),
        pytest.param(public(EC, crv="P-999"), id="an unknown curve"),
        pytest.param(public(EC, alg="none"), id="alg none"),
        pytest.param(public(EC, alg="HS256"), id="alg of a shared secret"),
        pytest.param(public(RSA, alg="ES256"), id="alg of another kind"),
        pytest.param(public(EC, use="wrap"), id="for something else"),
        pytest.param(public(EC, key_ops=["verify", "sign"]), id="for signing"),
        pytest.param(public(EC, x5u="http://169.254.169.254/"), id="a certificate to fetch"),
        pytest.param(public(EC, kid="k" * 200), id="a kid without end"),
        pytest.param(public(EC, kid=7), id="a kid that is a number"),
        pytest.param({}, id="nothing"),
        pytest.param("key", id="not a key"),
    ],
)
def test_a_key_that_is_weak_or_private_or_unfit_is_never_registered(key: object) -> None:
    assert "jwks.keys[0]" in faulty_members(a_document(jwks={"keys": [key]}))


@pytest.mark.parametrize("jwks", [{}, {"keys": []}, {"keys": {}}, [], "keys", {"keys": [{}] * 99}])
def test_what_is_no_key_set_is_refused(jwks: object) -> None:
    assert {"jwks"} <= faulty_members(a_document(jwks=jwks))


@pytest.mark.parametrize(
    "uri",
    [
        "http://169.254.169.254/",
        "http://127.0.0.1:6379/",
        "https://169.254.169.254/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://10.0.0.1/",
        "https://192.168.1.1:8443/",
        "https://localhost/",
        "https://intranet/",
        "https://keys.internal/",
        "https://rp.example:22/",
        "https://rp.example:6379/",
        "https://user@rp.example/",
        "https://rp.example/#x",
        "https://rp.example\\@10.0.0.1/",
        "file:///etc/passwd",
        "gopher://rp.example/",
        "https://h\u00f6st.example/",
    ],
)
@pytest.mark.parametrize("member", ["jwks_uri", "sector_identifier_uri"])
def test_an_address_that_leads_inside_is_never_registered_to_be_fetched(
    member: str, uri: str
) -> None:
    # SSRF-01, SSRF-07; what a name leads to is judged by the guarded client, at each fetch
    assert member in faulty_members(a_document(jwks=None, **{member: uri}))


@pytest.mark.parametrize(
    "taken", ["SHOP", "Shop", "sh\u043ep", "\uff53hop", "shop\u200b", "\u017fhop"]
)
def test_a_name_that_looks_like_another_is_never_registered(taken: str) -> None:
    # ADM-06: identifiers are lower-case ASCII, so none differs from another only to a machine
    assert "client_id" in faulty_members(a_document(client_id=taken))


def test_a_client_can_never_be_mistaken_for_a_person() -> None:
    assert "client_id" in faulty_members(a_document(client_id="00112233445566778899aabbccddeeff"))


def test_a_reason_cannot_reorder_what_the_citizen_reads() -> None:
    purpose = {
        "name": "login",
        "reason": dict.fromkeys(("nl", "fr", "de", "en"), "safe \u2066evil\u2069"),
        "claims": ["given_name"],
    }
    assert "purposes[0].reason.nl" in faulty_members(a_document(purposes=[purpose]))
