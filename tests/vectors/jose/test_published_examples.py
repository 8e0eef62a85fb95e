"""The examples that the standards print: thumbprints and signatures made by somebody else."""

from __future__ import annotations

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from keys.algorithms import OneAlgorithm, thumbprint
from keys.errors import TokenForged
from keys.signer import Verifier

RFC_7638_3_1 = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
    "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Qv"
    "zqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0"
    "fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
}
RFC_8037_A = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
RFC_7515_A_3 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
RFC_7515_A_3_TOKEN = (
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)
RFC_8037_A_4_TOKEN = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)


def test_the_thumbprint_of_rfc_7638_section_3_1() -> None:
    key = RSAKey.import_key(RFC_7638_3_1).public_key
    assert thumbprint(key) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_the_thumbprint_of_rfc_8037_appendix_a_3() -> None:
    key = OKPKey.import_key(RFC_8037_A).public_key
    assert thumbprint(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"  # type: ignore[arg-type]


def test_the_es256_signature_of_rfc_7515_appendix_a_3() -> None:
    verifier = Verifier("ES256", ECKey.import_key(RFC_7515_A_3).public_key)
    claims = {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}
    assert verifier.open(RFC_7515_A_3_TOKEN) == claims


def test_the_eddsa_signature_of_rfc_8037_appendix_a_4() -> None:
    key = OKPKey.import_key(RFC_8037_A)
    opened = jws.deserialize_compact(
        RFC_8037_A_4_TOKEN, key, algorithms=["EdDSA"], registry=OneAlgorithm("EdDSA")
    )
    assert opened.payload == b"Example of Ed25519 signing"


@pytest.mark.parametrize("place", range(len(RFC_7515_A_3_TOKEN) - 90, len(RFC_7515_A_3_TOKEN), 7))
def test_an_example_with_one_character_changed_is_refused(place: int) -> None:
    verifier = Verifier("ES256", ECKey.import_key(RFC_7515_A_3).public_key)
    other = "B" if RFC_7515_A_3_TOKEN[place] == "A" else "A"
    with pytest.raises(TokenForged):
        verifier.open(RFC_7515_A_3_TOKEN[:place] + other + RFC_7515_A_3_TOKEN[place + 1 :])
