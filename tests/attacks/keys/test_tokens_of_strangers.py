"""Tokens that are not ours, or not ours any more, against the door they would come in by.

JWT-02, -04, -05, -07, -11, -13, -17, -22 of the catalogue of abuse cases: every one is refused in
the same way, and none by chance of a parser, because the header is compared and never interpreted.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import import_key

from keys.algorithms import generate
from keys.errors import TokenForged
from keys.signer import Signer
from tests.unit.keys.rows import ME, Clocks, RingInMemory, a_ring

if TYPE_CHECKING:
    from keys.ring import KeyRing

HOUR = timedelta(hours=1)


def begun(clocks: Clocks) -> KeyRing:
    ring = a_ring(RingInMemory(), clocks, "ES256", "EdDSA", "PS256", "RS256")
    ring.begin(by=ME)
    return ring


@pytest.fixture(scope="module")
def ring() -> KeyRing:
    """One ring for all who only come to its door: RSA keys take long to make."""
    return begun(Clocks())


def b64(value: bytes | dict[str, Any]) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def refuses(ring: KeyRing, token: str, typ: str = "JWT") -> None:
    with pytest.raises(TokenForged) as refused:
        ring.open(token, typ=typ)
    assert len(str(refused.value)) < 80


def published(ring: KeyRing) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = json.loads(ring.jwks().body)["keys"]
    return keys


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("form", ["pem", "der", "jwk", "thumbprint"])
def test_jwt_02_a_mac_with_our_public_key_is_no_signature(
    ring: KeyRing, number: int, form: str
) -> None:
    jwk = published(ring)[number]
    public = import_key(jwk).public_key  # type: ignore[union-attr]
    secret = {
        "pem": lambda: public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "der": lambda: public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "jwk": lambda: json.dumps(jwk).encode(),
        "thumbprint": lambda: str(jwk["kid"]).encode(),
    }[form]()
    for alg in ("HS256", jwk["alg"]):
        signed = f"{b64({'alg': alg, 'kid': jwk['kid'], 'typ': 'JWT'})}.{b64({'sub': 'an'})}"
        mac = hmac.digest(secret, signed.encode(), hashlib.sha256)
        refuses(ring, f"{signed}.{b64(mac)}")


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", "HS256", "RS512", "ES384", "Ed25519"])
def test_jwt_01_an_unsigned_or_foreign_algorithm_is_refused(ring: KeyRing, alg: str) -> None:
    header, payload, signature = ring.signer().sign({"sub": "an"}).split(".")
    other = b64({**json.loads(raw(header)), "alg": alg})
    for end in ("", signature):
        refuses(ring, f"{other}.{payload}.{end}")


def test_jwt_04_a_signature_of_another_length_is_refused(ring: KeyRing) -> None:
    header, payload, signature = ring.signer("ES256").sign({"sub": "an"}).split(".")
    value = raw(signature)
    der = encode_dss_signature(int.from_bytes(value[:32]), int.from_bytes(value[32:]))
    for other in (der, value[:-1], value + b"\0", b"\0" + value, value * 2, b"", bytes(64)):
        refuses(ring, f"{header}.{payload}.{b64(other)}")


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "PS256", "RS256"])
def test_jwt_05_a_key_is_good_for_its_own_algorithm_only(ring: KeyRing, algorithm: str) -> None:
    header, payload, signature = ring.signer(algorithm).sign({"sub": "an"}).split(".")
    for jwk in published(ring):
        if jwk["alg"] != algorithm:
            for names in (("alg",), ("kid",), ("alg", "kid")):
                mixed = {**json.loads(raw(header)), **{name: jwk[name] for name in names}}
                refuses(ring, f"{b64(mixed)}.{payload}.{signature}")


def test_jwt_05_a_stranger_s_curve_under_our_name_is_refused(ring: KeyRing) -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    kid = ring.signer("ES256").kid
    for alg, digest in (("ES256", SHA256()), ("ES384", SHA384())):
        signed = f"{b64({'alg': alg, 'kid': kid, 'typ': 'JWT'})}.{b64({'sub': 'an'})}"
        signature = key.sign(signed.encode(), ec.ECDSA(digest))
        refuses(ring, f"{signed}.{b64(signature)}")


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "PS256", "RS256"])
def test_a_stranger_s_key_under_our_kid_is_refused(ring: KeyRing, algorithm: str) -> None:
    stranger = Signer(algorithm, generate(algorithm))
    refuses(ring, stranger.sign({"sub": "an"}))
    stranger.kid = ring.signer(algorithm).kid
    refuses(ring, stranger.sign({"sub": "an"}, typ="JWT"))


@pytest.mark.parametrize(
    "more",
    [
        {"b64": False, "crit": ["b64"]},
        {"b64": False},
        {"crit": ["exp"], "exp": 1},
        {"jwk": {"kty": "EC"}},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/"},
        {"x5c": ["MII"]},
        {"zip": "DEF"},
        {"cty": "JWT"},
        {"p2c": 2_000_000_000},
    ],
)
def test_jwt_07_a_header_that_says_more_is_refused_even_signed_by_us(
    ring: KeyRing, more: dict[str, Any]
) -> None:
    signer = ring.signer("ES256")
    header = {"alg": "ES256", "kid": signer.kid, "typ": "JWT", **more}
    signer._headers["JWT"] = b64(header).encode()
    token = signer.sign({"sub": "an"})
    del signer._headers["JWT"]
    refuses(ring, token)
    head, payload, signature = token.split(".")
    refuses(ring, f"{head}.{raw(payload).decode()}.{signature}")
    refuses(ring, f"{head}..{signature}")


@pytest.mark.parametrize(
    "token",
    [
        "a" * 10_000_000,
        "a" * 10_000_000 + ".e30.e30",
        "e30.e30." + "a" * 10_000_000,
        "." * 10_000,
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d.e",
        "é.é.é",
        "\x00",
        "null.null.null",
        '{"payload":"e30","signatures":[]}',
    ],
    ids=lambda token: f"{token[:9]!a}-{len(token)}",
)
def test_jwt_11_what_is_too_large_or_has_no_form_is_refused(ring: KeyRing, token: str) -> None:
    refuses(ring, token)


def test_jwt_11_a_true_header_with_a_huge_rest_is_refused(ring: KeyRing) -> None:
    header, payload, signature = ring.signer().sign({"sub": "an"}).split(".")
    refuses(ring, f"{header}.{payload}.{signature * 10_000}")
    refuses(ring, f"{header}.{payload * 10_000}.{signature}")
    refuses(ring, f"{header}.{payload}.{signature}" + "." * 10_000)


TYPES = ("JWT", "at+jwt", "logout+jwt", "oauth-authz-req+jwt", "secevent+jwt")


@pytest.mark.parametrize("made", TYPES)
def test_jwt_13_a_token_of_one_type_is_no_token_of_another(ring: KeyRing, made: str) -> None:
    token = ring.signer().sign({"sub": "an"}, typ=made)
    for asked in (*TYPES, made.lower(), made.upper(), "", f"application/{made}"):
        if asked == made:
            assert ring.open(token, typ=asked) == {"sub": "an"}
        else:
            refuses(ring, token, typ=asked)


def test_jwt_17_a_retired_key_s_token_is_refused_after_its_time_and_good_before() -> None:
    clocks = Clocks()
    ring = begun(clocks)
    token = ring.signer().sign({"sub": "an"})
    ring.rotate(by=ME)
    clocks.move(HOUR)
    ring.advance(by=ME)
    assert ring.open(token, typ="JWT") == {"sub": "an"}
    clocks.move(HOUR)
    ring.advance(by=ME)
    refuses(ring, token)


def test_jwt_22_a_signature_in_another_serialisation_is_refused(ring: KeyRing) -> None:
    header, payload, signature = ring.signer().sign({"sub": "an"}).split(".")
    part = {"protected": header, "signature": signature}
    refuses(ring, json.dumps({"payload": payload, "signatures": [part]}))
    refuses(ring, json.dumps({"payload": payload, **part}))
    refuses(ring, f"{header}.{payload}.{signature}.{signature}")


def test_every_changed_character_is_found(ring: KeyRing) -> None:
    token = ring.signer("ES256").sign({"sub": "an"})
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        refuses(ring, token[:place] + other + token[place + 1 :])
    for added in (" ", "\n", "=", "\t"):
        refuses(ring, token + added)
        refuses(ring, added + token)


def test_the_same_header_written_otherwise_is_not_ours(ring: KeyRing) -> None:
    """Two readings of one header (order, spaces, a name twice) are where parsers differ."""
    header, payload, signature = ring.signer().sign({"sub": "an"}).split(".")
    said = json.loads(raw(header))
    for text in (
        json.dumps(said),
        json.dumps(dict(reversed(said.items())), separators=(",", ":")),
        raw(header).decode().replace("{", '{"alg":"none",'),
        raw(header).decode().replace("}", ',"alg":"none"}'),
    ):
        refuses(ring, f"{b64(text.encode())}.{payload}.{signature}")


def test_a_token_of_another_deployment_is_refused(ring: KeyRing) -> None:
    other = a_ring(RingInMemory(), Clocks())
    other.begin(by=ME)
    refuses(ring, other.signer().sign({"sub": "an", "iat": datetime.now(UTC).timestamp()}))
    refuses(ring, secrets.token_urlsafe(200))
