"""The members that say which answers are signed and encrypted, and the keys of `use` enc."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from idp.domain.client import Client
from idp.domain.forms import USUAL, AccessTokenFormat, Encryption, Forms
from idp.oidc.registration.forms import MEMBERS
from idp.oidc.registration.keys import (
    CONTENT_ENCRYPTION,
    KEY_MANAGEMENT,
    encrypting,
    faults_of,
    fitting,
)
from idp.oidc.registration.rules import describe, register
from idp.store.encoding import Encoding
from tests.unit.registration.documents import (
    EC,
    NOW,
    POLICY,
    RSA,
    a_document,
    faulty_members,
    public,
)

TO_EC = ECKey.generate_key("P-256")
TO_RSA = RSAKey.generate_key(2048)
KEYS = {
    "keys": [
        public(EC, kid="signs"),
        public(TO_EC, kid="to-ec", use="enc"),
        public(TO_RSA, kid="to-rsa", use="enc"),
    ]
}
ENCRYPTED = ("id_token", "userinfo", "introspection", "authorization")


def formed(**changes: Any) -> dict[str, Any]:
    return a_document(**{"jwks": KEYS, **changes})


def pair(of: str, algorithm: str = "ECDH-ES", content: str = "A256GCM") -> dict[str, str]:
    return {
        f"{of}_encrypted_response_alg": algorithm,
        f"{of}_encrypted_response_enc": content,
        **({f"{of}_signed_response_alg": "ES256"} if of in {"userinfo", "introspection"} else {}),
    }


def test_answers_are_plain_and_access_tokens_opaque_unless_it_says_otherwise() -> None:
    client = register(a_document(), POLICY, now=NOW)
    assert client.forms == USUAL == Forms()
    assert not (describe(client).keys() & MEMBERS.keys()) - {"access_token_format"}


@pytest.mark.parametrize("of", ENCRYPTED)
@pytest.mark.parametrize("algorithm", KEY_MANAGEMENT)
@pytest.mark.parametrize("content", CONTENT_ENCRYPTION)
def test_what_is_registered_is_described_and_registers_again(
    of: str, algorithm: str, content: str
) -> None:
    document = formed(access_token_format="jwt", **pair(of, algorithm, content))
    client = register(document, POLICY, now=NOW)
    forms = client.forms
    found = {
        "id_token": forms.id_token_encryption,
        "userinfo": forms.userinfo_encryption,
        "introspection": forms.introspection_encryption,
        "authorization": forms.answer_encryption,
    }
    assert {name for name, value in found.items() if value} == {of}
    assert found[of] == Encryption(algorithm=algorithm, content=content)
    assert forms.access_token is AccessTokenFormat.JWT
    assert register(describe(client), POLICY, now=NOW) == client


def test_a_registration_from_before_reads_as_the_usual_forms() -> None:
    encoding: Encoding[Client] = Encoding(Client)
    client = register(formed(), POLICY, now=NOW)
    text = encoding.encode(client).decode()
    older = text.replace(encoding_of(client), "")
    assert '"forms"' in text
    assert '"forms"' not in older
    assert encoding.decode(older) == replace(client, forms=USUAL)


def encoding_of(client: Client) -> str:
    encoding: Encoding[Forms] = Encoding(Forms)
    return f'"forms":{encoding.encode(client.forms).decode()},'


@pytest.mark.parametrize(
    ("changes", "faulty"),
    [
        ({"access_token_format": "mac"}, {"access_token_format"}),
        ({"userinfo_signed_response_alg": "none"}, {"userinfo_signed_response_alg"}),
        ({"userinfo_signed_response_alg": "HS256"}, {"userinfo_signed_response_alg"}),
        ({"userinfo_signed_response_alg": "RS256"}, {"userinfo_signed_response_alg"}),
        ({"introspection_signed_response_alg": "RS256"}, {"introspection_signed_response_alg"}),
        (pair("id_token", "RSA1_5"), {"id_token_encrypted_response_alg"}),
        (pair("id_token", "RSA-OAEP"), {"id_token_encrypted_response_alg"}),
        (pair("id_token", "dir"), {"id_token_encrypted_response_alg"}),
        (pair("id_token", "PBES2-HS256+A128KW"), {"id_token_encrypted_response_alg"}),
        (pair("userinfo", content="A128CBC-HS256"), {"userinfo_encrypted_response_enc"}),
        (
            {"id_token_encrypted_response_alg": "ECDH-ES"},
            {"id_token_encrypted_response_enc"},
        ),
        (
            {"authorization_encrypted_response_enc": "A256GCM"},
            {"authorization_encrypted_response_enc"},
        ),
        (
            {**pair("userinfo"), "userinfo_signed_response_alg": None},
            {"userinfo_encrypted_response_alg"},
        ),
        (
            {**pair("introspection"), "introspection_signed_response_alg": None},
            {"introspection_encrypted_response_alg"},
        ),
        (
            {**pair("id_token"), "jwks": {"keys": [public(EC)]}},
            {"id_token_encrypted_response_alg"},
        ),
        (
            {**pair("id_token", "RSA-OAEP-256"), "jwks": {"keys": KEYS["keys"][:2]}},
            {"id_token_encrypted_response_alg"},
        ),
        (
            {
                "token_endpoint_auth_method": "none",
                "jwks": None,
                "introspection_signed_response_alg": "ES256",
            },
            {"introspection_signed_response_alg"},
        ),
    ],
)
def test_what_does_not_work_is_not_registered(changes: dict[str, Any], faulty: set[str]) -> None:
    assert faulty_members(formed(**changes)) == faulty


def test_a_client_with_a_secret_may_have_keys_to_encrypt_to() -> None:
    document = formed(
        token_endpoint_auth_method="client_secret_basic",
        jwks={"keys": [public(TO_EC, use="enc")]},
        **pair("id_token"),
    )
    assert faulty_members(document) == set()


def test_a_key_to_encrypt_to_proves_no_client() -> None:
    only = {"keys": [public(TO_EC, use="enc")]}
    assert faulty_members(formed(jwks=only)) == {"jwks"}
    assert faulty_members(
        formed(
            token_endpoint_auth_method="client_secret_basic",
            jwks=only,
            require_signed_request_object=True,
        )
    ) == {"require_signed_request_object"}


def test_one_key_is_for_one_thing() -> None:
    twice = {"keys": [public(EC, kid="a"), public(EC, kid="b", use="enc")]}
    assert faulty_members(formed(jwks=twice)) == {"jwks"}


@pytest.mark.parametrize("key", [public(TO_EC), public(TO_RSA)], ids=["ec", "rsa"])
def test_no_key_both_verifies_and_is_encrypted_to(key: dict[str, object]) -> None:
    for use in (None, "sig", "enc", "both", ["enc"], 1):
        named = {**key, **({} if use is None else {"use": use})}
        assert not (fitting(named) and encrypting(named)), use
    assert fitting({**key, "use": "enc"}) == ()
    assert encrypting(key) == encrypting({**key, "use": "sig"}) == ()


@pytest.mark.parametrize(
    ("key", "members", "says"),
    [
        (OKPKey.generate_key("X25519"), {"use": "enc"}, "no encryption"),
        (OKPKey.generate_key("Ed25519"), {"use": "enc"}, "no encryption"),
        (ECKey.generate_key("P-384"), {"use": "enc"}, "no encryption"),
        (TO_EC, {"use": "enc", "alg": "ES256"}, "alg is ECDH-ES"),
        (TO_EC, {"alg": "ECDH-ES"}, "alg is ES256"),
        (TO_RSA, {"use": "enc", "alg": "RSA1_5"}, "alg is RSA-OAEP-256"),
        (TO_EC, {"use": "enc", "key_ops": ["verify"]}, "key_ops"),
        (TO_EC, {"use": "sig", "key_ops": ["deriveKey"]}, "key_ops"),
        (TO_EC, {"use": "enc", "key_ops": []}, "key_ops"),
        (TO_EC, {"use": "enc", "key_ops": "deriveKey"}, "key_ops"),
        (TO_EC, {"use": "encrypt"}, "use is"),
        (RSA, {"use": "enc", "e": "Aw"}, "exponent"),
    ],
)
def test_a_key_that_fits_nothing_on_offer_is_refused(
    key: ECKey | OKPKey | RSAKey, members: dict[str, object], says: str
) -> None:
    assert any(says in fault for fault in faults_of(public(key, **members)))


@pytest.mark.parametrize("operations", [["deriveKey"], ["deriveBits", "deriveKey"]])
def test_a_key_may_say_what_it_is_for(operations: list[str]) -> None:
    assert not list(faults_of(public(TO_EC, use="enc", key_ops=operations)))
    assert not list(faults_of(public(TO_RSA, use="enc", key_ops=["encrypt", "wrapKey"])))
