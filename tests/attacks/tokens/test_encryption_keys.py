"""Keys in the wrong place: one to encrypt to that signs, one that signs and is encrypted to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from idp.domain.forms import Encryption
from idp.errors import INVALID_CLIENT, INVALID_DPOP_PROOF, SERVER_ERROR, Refused
from idp.oidc.client_auth import ASSERTION_TYPE
from idp.oidc.encryption import Recipients
from idp.oidc.pens import Pens
from tests.attacks.tokens.kinds import ASSERTING, ISSUER, SEALED, SHOP, TO, Bench
from tests.unit.oidc.tokens.desk import form, jwks, refused, sign
from tests.world.client import signed

if TYPE_CHECKING:
    from collections.abc import Iterator

WRAPPED = Encryption(algorithm="ECDH-ES+A256KW", content="A128GCM")
BY_RSA = Encryption(algorithm="RSA-OAEP-256", content="A256GCM")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("encryption"))
    yield made
    made.services.foundation.close()


@pytest.mark.parametrize("kid", ["to", "ec", None])
def test_the_key_to_encrypt_to_proves_no_client(bench: Bench, kid: str | None) -> None:
    header = {"alg": "ES256", "typ": "JWT", **({} if kid is None else {"kid": kid})}
    made = sign(header, bench.about(ASSERTING, sub=ASSERTING), TO)

    def ask() -> object:
        return bench.services.introspection.answer(
            form(token="x", client_assertion=made, client_assertion_type=ASSERTION_TYPE),
            authorization=None,
            address=None,
        )

    refused(INVALID_CLIENT, ask)


@pytest.mark.parametrize("kid", ["to", "ec"])
def test_the_key_to_encrypt_to_signs_no_request(bench: Bench, kid: str) -> None:
    header = {"alg": "ES256", "typ": "oauth-authz-req+jwt", "kid": kid}
    made = sign(header, bench.about(**bench.asking()), TO)
    with pytest.raises(Refused) as caught:
        bench.services.reader.read(form(client_id=SHOP, request=made))
    assert caught.value.problem.oauth == "invalid_request_object"
    with pytest.raises(Refused):
        bench.call(bench.services.backchannel.ask, request=made)


@pytest.mark.parametrize("members", [{"use": "enc"}, {"use": "enc", "alg": "ES256"}])
def test_a_key_to_encrypt_to_is_no_key_of_a_proof(bench: Bench, members: dict[str, str]) -> None:
    key = ECKey.generate_key("P-256")
    claims = {
        "jti": "j" * 16,
        "htm": "POST",
        "htu": f"{ISSUER}/token",
        "iat": int(bench.clock().timestamp()),
        "nonce": bench.services.proofs.nonce(),
    }
    head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": {**key.as_dict(private=False), **members}}
    made = signed(head, claims, key)
    refused(INVALID_DPOP_PROOF, lambda: bench.redeemed(bench.code(), dpop=made))


@pytest.mark.parametrize("encryption", [SEALED, WRAPPED, BY_RSA])
@pytest.mark.parametrize("members", [{}, {"use": "sig"}, {"use": "enc", "alg": "ES256"}])
def test_a_key_that_signs_is_not_encrypted_to(
    bench: Bench, encryption: Encryption, members: dict[str, str]
) -> None:
    keys: Any = [{**key, **members} for key in jwks("ec", "rsa")["keys"]]  # type: ignore[attr-defined]
    client = replace(bench.client(), jwks={"keys": keys})
    refused(SERVER_ERROR, lambda: Recipients().find(client, encryption))


@pytest.mark.parametrize(
    "algorithm",
    [
        *("RSA1_5", "RSA-OAEP", "RSA-OAEP-512", "A128KW", "A256GCMKW", "dir", "none"),
        *("PBES2-HS256+A128KW", "ECDH-ES+A128KW", "ECDH-1PU", "ES256", ""),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_no_other_algorithm_is_encrypted_with_whatever_a_row_says(
    bench: Bench, algorithm: str, *, named: bool
) -> None:
    public = [RSAKey.generate_key(2048), TO] if algorithm == "RSA1_5" else [TO]
    more = {"use": "enc", **({"alg": algorithm} if named else {})}
    keys = [{**key.as_dict(private=False), **more} for key in public]
    client = replace(bench.client(), jwks={"keys": keys})
    wrong = Encryption(algorithm=algorithm, content="A256GCM")
    refused(SERVER_ERROR, lambda: Recipients().find(client, wrong))


@pytest.mark.parametrize("spoiled", [{"x": "AA"}, {"crv": "P-384"}, {"y": None}, {"kty": "oct"}])
def test_a_key_that_does_not_import_any_more_is_no_reason_for_a_plain_answer(
    bench: Bench, spoiled: dict[str, Any]
) -> None:
    key = {**TO.as_dict(private=False), "use": "enc", **spoiled}
    client = replace(bench.client(), jwks={"keys": [key]})
    pens = Pens(bench.services.ring)
    refused(SERVER_ERROR, lambda: pens.find(client, None, SEALED))


def test_every_id_token_of_such_a_client_is_encrypted(bench: Bench) -> None:
    with bench.formed(id_token_encryption=SEALED):
        given = bench.redeemed(bench.code())
        again = bench.call(
            bench.services.token_endpoint.exchange,
            grant_type="refresh_token",
            refresh_token=given["refresh_token"],
        )
    for answer in (given, again):
        found = jwe.decrypt_compact(answer["id_token"], TO, algorithms=["ECDH-ES", "A256GCM"])
        assert found.plaintext is not None
        assert found.plaintext.count(b".") == 2


def test_one_client_opens_nothing_of_another(bench: Bench) -> None:
    others = ECKey.generate_key("P-256")
    mine, theirs = bench.encrypted_id_token(), {**others.as_dict(private=False), "use": "enc"}
    client = replace(bench.client(ASSERTING), jwks={"keys": [theirs]})
    recipient = Recipients().find(client, SEALED)
    text = recipient.encrypt(bench.id_token())
    offered = ["ECDH-ES", "A256GCM"]
    assert jwe.decrypt_compact(mine, TO, algorithms=offered)
    assert jwe.decrypt_compact(text, others, algorithms=offered)
    for sealed, key in ((mine, others), (text, TO)):
        with pytest.raises((JoseError, ValueError)):
            jwe.decrypt_compact(sealed, key, algorithms=offered)


def test_a_changed_one_does_not_open(bench: Bench) -> None:
    sealed = bench.encrypted_userinfo().split(".")
    for number in (0, 2, 3, 4):
        text = list(sealed)
        middle = len(text[number]) // 2
        other = "A" if text[number][middle] != "A" else "B"
        text[number] = text[number][:middle] + other + text[number][middle + 1 :]
        with pytest.raises((JoseError, ValueError)):
            jwe.decrypt_compact(".".join(text), TO, algorithms=["ECDH-ES", "A256GCM"])


def test_nothing_that_is_told_holds_a_private_part(bench: Bench) -> None:
    header = jwe.decrypt_compact(
        bench.encrypted_id_token(), TO, algorithms=["ECDH-ES", "A256GCM"]
    ).headers()
    assert header["epk"].keys() == {"kty", "crv", "x", "y"}
