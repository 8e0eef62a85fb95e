"""One key at work, in every algorithm: what it signs is what any JOSE library reads."""

from __future__ import annotations

import copy
import json
import pickle
import warnings

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc import jwk, jwt

from keys.algorithms import (
    ALGORITHMS,
    generate,
    private_bytes,
    public_bytes,
    public_jwk,
    read_private,
    read_public,
)
from keys.errors import PolicyRefused, SealBroken, TokenForged
from keys.signer import Signer, Verifier

PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}
KEYS = {algorithm: generate(algorithm) for algorithm in ALGORITHMS}
CLAIMS = {"sub": "an", "name": "Anaïs", "list": [1, None, True]}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_is_read_by_its_published_key(algorithm: str) -> None:
    key = KEYS[algorithm]
    signer = Signer(algorithm, key)
    token = signer.sign(CLAIMS, typ="at+jwt")
    published = public_jwk(algorithm, key.public_key())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joserfc deprecates the name EdDSA
        read = jwt.decode(token, jwk.import_key(published), algorithms=[algorithm])
    assert read.claims == CLAIMS
    assert read.header == {"alg": algorithm, "kid": signer.kid, "typ": "at+jwt"}
    assert Verifier(algorithm, key.public_key()).open(token) == CLAIMS


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_published_key_has_the_registered_members_and_no_private_one(algorithm: str) -> None:
    published = public_jwk(algorithm, KEYS[algorithm].public_key())
    kind = {"ES256": {"crv", "x", "y"}, "EdDSA": {"crv", "x"}}.get(algorithm, {"n", "e"})
    assert published.keys() == {"kty", "kid", "use", "alg"} | kind
    assert not published.keys() & PRIVATE_MEMBERS
    assert (published["use"], published["alg"]) == ("sig", algorithm)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_kept_as_bytes_is_the_same_key_of_the_same_algorithm(algorithm: str) -> None:
    key = KEYS[algorithm]
    kept, shown = private_bytes(key), public_bytes(key.public_key())
    assert private_bytes(read_private(algorithm, kept)) == kept
    assert public_bytes(read_public(algorithm, shown)) == shown
    other = "EdDSA" if algorithm != "EdDSA" else "ES256"
    for read, der in ((read_private, kept), (read_public, shown)):
        for wrong in (lambda: read(other, der), lambda: read(algorithm, der[:-1])):  # noqa: B023
            with pytest.raises(SealBroken):
                wrong()


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("ES256", ec.generate_private_key(ec.SECP384R1())),
        ("ES256", ec.generate_private_key(ec.SECP256K1())),
        ("RS256", rsa.generate_private_key(public_exponent=65537, key_size=1024)),
        ("PS256", ed25519.Ed25519PrivateKey.generate()),
    ],
)
def test_a_key_of_another_curve_or_too_short_is_no_key(
    algorithm: str, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
) -> None:
    with pytest.raises(SealBroken, match="another algorithm"):
        read_private(algorithm, private_bytes(key))
    with pytest.raises(SealBroken, match="another algorithm"):
        read_public(algorithm, public_bytes(key.public_key()))


@pytest.mark.parametrize("algorithm", ["HS256", "none", "RS512", "es256", ""])
def test_no_other_algorithm_has_keys(algorithm: str) -> None:
    with pytest.raises(PolicyRefused):
        generate(algorithm)


def test_a_signer_shows_and_gives_away_nothing() -> None:
    signer = Signer("ES256", KEYS["ES256"])
    assert repr(signer) == f"Signer(ES256, {signer.kid})"
    for leave in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="leave"):
            leave(signer)


@pytest.mark.parametrize("claims", [{"n": float("nan")}, {"n": float("inf")}])
def test_what_json_cannot_say_is_not_signed(claims: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="JSON"):
        Signer("ES256", KEYS["ES256"]).sign(claims)


@pytest.mark.parametrize("payload", [[1], "text", 1, None])
def test_a_payload_that_is_no_object_is_no_token(payload: object) -> None:
    signer = Signer("ES256", KEYS["ES256"])
    token = signer.sign(payload)  # type: ignore[arg-type]
    with pytest.raises(TokenForged, match="not an object"):
        Verifier("ES256", KEYS["ES256"].public_key()).open(token)


def test_the_payload_is_compact_ascii() -> None:
    token = Signer("EdDSA", KEYS["EdDSA"]).sign({"a": "é", "b": [1, 2]})
    payload = jws_payload(token)
    assert payload == rb'{"a":"\u00e9","b":[1,2]}'
    assert json.loads(payload) == {"a": "é", "b": [1, 2]}


def jws_payload(token: str) -> bytes:
    from joserfc.util import urlsafe_b64decode

    return urlsafe_b64decode(token.split(".")[1].encode())
